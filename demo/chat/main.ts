// The chat page: wires the picker, the session, the composer and the transcript together. ?model= chooses a model,
// ?seed= repeats an answer.
import type { Engine } from '../load/engine.ts';
import { failureNotice, failureOf, missingWebGpu, wasAborted } from '../load/failure.ts';
import { createLoadingView } from '../load/loading.ts';
import { offeredModels, typedModel, type ModelChoice } from '../load/models.ts';
import { createPicker } from '../load/picker.ts';
import { Session } from '../load/session.ts';
import { byId, element } from '../look/element.ts';
import { rate } from '../look/format.ts';
import { createComposer } from './composer.ts';
import { Conversation } from './conversation.ts';
import { tell } from './tell.ts';
import { Transcript } from './transcript.ts';

const session = new Session();
const query = new URLSearchParams(location.search);
const seed = query.get('seed');
const conversation = new Conversation(seed === null ? undefined : Number(seed));
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
let answering: AbortController | undefined;

const notices = element('div');
const loading = createLoadingView(() => session.cancel());
const composer = createComposer(send, stop);
const picker = createPicker({
  models: await offeredModels(),
  action: 'Load',
  onLoad: (choice) => void load(choice),
});
setupBody.append(notices, picker.root, loading.root);

const asked = query.get('model');
if (asked) picker.choose(typedModel(asked));

const missing = missingWebGpu();
if (missing) {
  notices.replaceChildren(failureNotice(missing));
  picker.setBusy(true);
} else {
  composer.enable();
  composer.focus();
}

modelChip.addEventListener('click', () => {
  setup.hidden = !setup.hidden;
  modelChip.setAttribute('aria-expanded', String(!setup.hidden));
  if (!setup.hidden) main.scrollTop = 0;
});

newChat.addEventListener('click', () => {
  conversation.clear();
  transcript.clear();
  meter.textContent = '';
  showState();
  composer.focus();
});

/** Loads a model in place of the one before; undefined when that failed or was cancelled (said on the page). */
async function load(choice: ModelChoice): Promise<Engine | undefined> {
  if (session.isLoading) return undefined;
  answering?.abort();
  notices.replaceChildren();
  loading.start(choice.label);
  picker.setBusy(true);
  picker.root.hidden = true;
  setup.hidden = false;
  setupTitle.hidden = true;
  try {
    const started = session.load(choice, (progress) => {
      loading.show(progress);
      tell('quern:progress', progress);
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
    picker.setBusy(false);
    picker.root.hidden = false;
    setupTitle.hidden = false;
    showState();
    composer.focus();
  }
}

/** Takes a message: loads the chosen model first if none is there. */
function send(text: string): boolean {
  if (answering || session.isLoading) return false;
  const choice = session.engine ? undefined : picker.chosen();
  if (!session.engine && !choice) return false;
  void answer(text, choice);
  return true;
}

async function answer(prompt: string, choice: ModelChoice | undefined): Promise<void> {
  const controller = new AbortController();
  const turn = transcript.add(prompt);
  composer.setBusy(true);
  showState();
  const engine = choice ? await load(choice) : session.engine;
  if (!engine) {
    turn.remove();
    composer.setBusy(false);
    showState();
    return;
  }
  answering = controller;
  try {
    const answer = await conversation.ask(engine, prompt, controller.signal, (piece, so) => {
      turn.write(piece);
      tell('quern:answer', { text: piece });
      meter.textContent = so.tokensPerSecond > 0 ? `${rate(so.tokensPerSecond)} tokens/s` : '';
    });
    turn.finish(answer);
    const { adapter, timings } = await engine.info();
    const name = adapter.description || [adapter.vendor, adapter.architecture].filter(Boolean).join(' ');
    tell('quern:end', { ...answer, adapter: name, bytesFetched: timings.bytesFetched });
  } catch (error) {
    turn.fail(failureOf(error));
    tell('quern:error', failureOf(error));
  } finally {
    answering = undefined;
    meter.textContent = '';
    composer.setBusy(false);
    showState();
  }
}

function stop(): void {
  if (answering) answering.abort();
  else session.cancel();
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
