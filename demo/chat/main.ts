// The chat page: wires the shelf, the session, the conversations, the composer and the transcript together. ?model=
// chooses a model, ?seed= repeats an answer, ?temperature=0 takes the likeliest, #id opens a conversation that was kept.
import { openModels, type Engine } from '../load/engine.ts';
import { failureNotice, failureOf, missingWebGpu, wasAborted } from '../load/failure.ts';
import { createLoadingView } from '../load/loading.ts';
import { offeredModels, typedModel, type ModelChoice } from '../load/models.ts';
import { createShelf } from '../load/shelf.ts';
import { Session } from '../load/session.ts';
import { byId, element } from '../look/element.ts';
import { rate } from '../look/format.ts';
import { offerUpdates } from '../offline/update-notice.ts';
import { createChatsPanel } from './chats.ts';
import { createComposer } from './composer.ts';
import { Conversation } from './conversation.ts';
import { openKeeper } from './keeper.ts';
import { tell } from './tell.ts';
import { Transcript } from './transcript.ts';

offerUpdates();
const session = new Session();
const query = new URLSearchParams(location.search);
const draw = Object.fromEntries(
  ['seed', 'temperature'].filter((name) => query.has(name)).map((name) => [name, Number(query.get(name))]),
);
const main = byId('main', HTMLElement);
const transcript = new Transcript(byId('transcript', HTMLElement), main);
const welcome = byId('welcome', HTMLElement);
const setup = byId('setup', HTMLElement);
const setupTitle = byId('setup-title', HTMLElement);
const setupBody = byId('setup-body', HTMLElement);
const modelChip = byId('model', HTMLButtonElement);
const modelName = byId('model-name', HTMLElement);
const newChat = byId('new-chat', HTMLButtonElement);
const meter = byId('meter', HTMLElement);
/** The conversation that is shown; without an id while it has no turn. */
let chat = { id: '', conversation: new Conversation(draw) };
let answering: AbortController | undefined;

const notices = element('div');
const loading = createLoadingView(() => session.cancel());
const composer = createComposer(send, stop);
const models = openModels();
const [offered, keeper] = await Promise.all([offeredModels(), openKeeper(notKept)]);
const panel = createChatsPanel(keeper, (id) => {
  if (id === chat.id) startNewChat();
});
const shelf = await createShelf({ offered, models, action: 'Load', onLoad: (choice) => void load(choice) });
setupBody.append(notices, shelf.root, loading.root);
await openFromAddress();

const asked = query.get('model');
if (asked) shelf.choose(typedModel(asked));

const missing = missingWebGpu();
if (missing) {
  notices.replaceChildren(failureNotice(missing));
  shelf.setBusy(true);
} else {
  composer.enable();
  composer.focus();
}

modelChip.addEventListener('click', () => {
  setup.hidden = !setup.hidden;
  modelChip.setAttribute('aria-expanded', String(!setup.hidden));
  if (!setup.hidden) main.scrollTop = 0;
});
newChat.addEventListener('click', startNewChat);
addEventListener('hashchange', () => void openFromAddress());
addEventListener('pagehide', () => void keeper.flush());
keeper.onChange(async ({ chat: id, kind }) => {
  if (id === chat.id && !answering && kind === 'deleted') startNewChat();
  else if (id === chat.id && !answering) await show(id);
  await panel.refresh(chat.id);
});

/** Loads a model in place of the one before; undefined when that failed or was cancelled (said on the page). */
async function load(choice: ModelChoice, prompt?: string): Promise<Engine | undefined> {
  if (session.isLoading) return undefined;
  answering?.abort();
  notices.replaceChildren();
  loading.start(choice.label);
  shelf.setBusy(true);
  shelf.root.hidden = true;
  setup.hidden = false;
  setupTitle.hidden = true;
  try {
    const started = session.load(choice, {
      ...(prompt !== undefined && { prompt: chat.conversation.messages(prompt) }),
      onProgress(progress) {
        loading.show(progress);
        tell('quern:progress', progress);
      },
      onWarning: ({ message }) => sayAbove(`The model runs, but is not kept here: ${message}`),
    });
    showState();
    const engine = await started;
    setup.hidden = true;
    return engine;
  } catch (error) {
    if (!wasAborted(error)) notices.replaceChildren(failureNotice(failureOf(error)));
    tell('quern:error', failureOf(error));
    return undefined;
  } finally {
    loading.stop();
    void shelf.refresh();
    shelf.setBusy(false);
    shelf.root.hidden = false;
    setupTitle.hidden = false;
    showState();
    composer.focus();
  }
}

/** Takes a message: loads the chosen model first if none is there. */
function send(text: string): boolean {
  if (answering || session.isLoading) return false;
  const choice = session.engine ? undefined : shelf.chosen();
  if (!session.engine && !choice) return false;
  void answer(text, choice);
  return true;
}

async function answer(prompt: string, choice: ModelChoice | undefined): Promise<void> {
  const turn = transcript.add(prompt);
  composer.setBusy(true);
  showState();
  const here = chat;
  const engine = choice ? await load(choice, prompt) : session.engine;
  if (!engine || here !== chat) {
    turn.remove();
    composer.giveBack(prompt);
    composer.setBusy(false);
    showState();
    return;
  }
  const controller = new AbortController();
  answering = controller;
  if (here.id === '') {
    here.id = crypto.randomUUID();
    window.history.replaceState(null, '', `#${here.id}`);
  }
  await keeper.begin(here.id, session.choice?.label ?? '', prompt);
  void panel.refresh(here.id);
  try {
    const answer = await here.conversation.ask(engine, prompt, controller.signal, (piece, so) => {
      turn.write(piece);
      keeper.grow(piece);
      tell('quern:answer', { text: piece });
      meter.textContent = so.tokensPerSecond > 0 ? `${rate(so.tokensPerSecond)} tokens/s` : '';
    });
    turn.finish(answer);
    await keeper.end(answer);
    const { adapter, timings } = await engine.info();
    const name = adapter.description || [adapter.vendor, adapter.architecture].filter(Boolean).join(' ');
    tell('quern:end', { ...answer, adapter: name, bytesFetched: timings.bytesFetched });
  } catch (error) {
    turn.fail(failureOf(error));
    await keeper.forget();
    tell('quern:error', failureOf(error));
  } finally {
    answering = undefined;
    meter.textContent = '';
    composer.setBusy(false);
    showState();
    void panel.refresh(chat.id);
  }
}

function stop(): void {
  if (answering) answering.abort();
  else session.cancel();
}

function startNewChat(): void {
  if (location.hash) window.history.pushState(null, '', location.pathname + location.search);
  void openFromAddress();
  composer.focus();
}

/** Opens the conversation that the address names, or an empty one. */
async function openFromAddress(): Promise<void> {
  const id = location.hash.slice(1);
  answering?.abort();
  if (id !== chat.id || id === '') {
    chat = { id: '', conversation: new Conversation(draw) };
    transcript.clear();
  }
  meter.textContent = '';
  if (id !== '') await show(id);
  showState();
  await panel.refresh(chat.id);
}

/** Shows a conversation as it was kept. One that is not there leaves the page as it is. */
async function show(id: string): Promise<void> {
  const turns = await keeper.turns(id);
  if (turns.length === 0 || (chat.id !== id && location.hash.slice(1) !== id)) return;
  if (chat.id === id && chat.conversation.says(turns)) return;
  chat = { id, conversation: new Conversation(draw, turns) };
  transcript.show(turns);
  main.scrollTop = main.scrollHeight;
  showState();
}

function notKept(why: string): void {
  sayAbove(`Conversations are not kept in this browser (${why}): they last as long as this tab.`);
}

/** A line above the conversation. */
function sayAbove(text: string): void {
  const line = byId('not-kept', HTMLElement);
  line.append(element('span', {}, text));
  line.hidden = false;
}

/** What is to be seen follows from what there is. */
function showState(): void {
  const { choice } = session;
  modelChip.hidden = !choice;
  modelName.textContent = choice?.label ?? '';
  modelChip.setAttribute('aria-label', `Model: ${choice?.label ?? 'none'}. Change`);
  modelChip.setAttribute('aria-expanded', String(!setup.hidden));
  setupTitle.textContent = choice ? 'Change the model' : 'Choose a model';
  newChat.hidden = transcript.isEmpty || answering !== undefined || session.isLoading;
  welcome.hidden = !transcript.isEmpty;
}
