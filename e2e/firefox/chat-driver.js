// What a person does with the chat page, in a frame: asks, comes back, stops an answer, starts anew.
const WAIT_MS = 240_000;
const frame = document.querySelector('iframe');
const all = (selector) => [...frame.contentDocument.querySelectorAll(selector)];
const answers = () => all('.turn.assistant');

try {
  for (const visit of ['first', 'second']) {
    await open();
    await send('What is the capital of France?');
    await until('a whole answer', () => !answers().at(-1).hasAttribute('aria-busy'));
    const alerts = all('[role=alert]').map((alert) => alert.innerText.trim());
    await tell({ at: visit, text: answers().at(-1).innerText, alerts: alerts.filter(Boolean) });
  }

  await send('Write a long story about a mill by a river.');
  await until('words of a story', () => /\w+ \w+ \w+/.test(answers().at(-1).innerText));
  press(all('textarea')[0], 'Escape');
  await until('an end of the story', () => answers().at(-1).innerText.includes('stopped'));
  all('button')
    .find((button) => (button.getAttribute('aria-label') ?? button.innerText).includes('New chat'))
    .click();
  await until('an empty chat', () => answers().length === 0);
  await tell({ at: 'done' });
} catch (error) {
  await tell({ at: 'failed', error: `${error}\n${frame.contentDocument?.body?.innerText.slice(0, 500)}` });
}

async function open() {
  frame.src = '/chat/?seed=2';
  await new Promise((resolve) => frame.addEventListener('load', resolve, { once: true }));
  await until('a choice of models', () => all('input[type=radio]').length > 0);
}

async function send(text) {
  const before = answers().length;
  const [field] = all('textarea');
  field.value = text;
  field.dispatchEvent(new frame.contentWindow.Event('input', { bubbles: true }));
  press(field, 'Enter');
  await until('an answer', () => answers().length > before);
}

function press(element, key) {
  const { KeyboardEvent } = frame.contentWindow;
  element.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
}

async function until(what, holds) {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > WAIT_MS) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function tell(word) {
  return fetch('/tell', { method: 'POST', body: JSON.stringify(word) });
}
