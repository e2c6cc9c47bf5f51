// The benchmark page: ?model=...&auto=1 runs unattended; ?prompt=, ?decode=, ?depths= and ?reps= set the sizes,
// ?numerics=fast the arithmetic.
import { openModels } from '../load/engine.ts';
import { failureNotice, failureOf, missingWebGpu, wasAborted, type Failure } from '../load/failure.ts';
import { createLoadingView } from '../load/loading.ts';
import { offeredModels, typedModel, type ModelChoice } from '../load/models.ts';
import { createShelf } from '../load/shelf.ts';
import { Session } from '../load/session.ts';
import { byId, element } from '../look/element.ts';
import { offerUpdates } from '../offline/update-notice.ts';
import { adapterView } from './adapter-view.ts';
import { kernelView, rooflineView } from './kernel-view.ts';
import { loadView } from './load-view.ts';
import { measure } from './measure.ts';
import { newReport, publish, type BenchReport } from './report.ts';
import { rivalView } from './rival-view.ts';
import { fillSettings, readNumerics, readSettings } from './settings.ts';
import { speedView } from './speed-view.ts';

offerUpdates();
const query = new URLSearchParams(location.search);
const session = new Session();
const status = byId('status', HTMLElement);
const notices = byId('notices', HTMLElement);
const results = byId('results', HTMLElement);
const settings = byId('settings', HTMLFieldSetElement);
const exports = byId('export', HTMLElement);
let running: AbortController | undefined;

const stopButton = element('button', { type: 'button', hidden: true }, 'Stop');
stopButton.addEventListener('click', () => running?.abort());
const loading = createLoadingView(() => session.cancel());
const shelf = await createShelf({
  offered: await offeredModels(),
  models: openModels(),
  action: 'Run',
  onLoad: (choice) => void run(choice),
});
byId('setup', HTMLElement).append(shelf.root, loading.root, stopButton);
fillSettings(query);
byId('save', HTMLButtonElement).addEventListener('click', save);
byId('copy', HTMLButtonElement).addEventListener('click', () => void copy());

const asked = query.get('model');
if (asked) shelf.choose(typedModel(asked));

const missing = missingWebGpu();
if (missing) {
  shelf.setBusy(true);
  fail(newReport(asked ?? ''), missing);
} else if (query.get('auto') === '1') {
  const choice = shelf.chosen();
  if (choice) void run(choice);
}

async function run(choice: ModelChoice): Promise<void> {
  if (running) return;
  const controller = new AbortController();
  running = controller;
  const report = newReport(choice.label);
  notices.replaceChildren();
  results.hidden = true;
  exports.hidden = true;
  setBusy(true);
  try {
    loading.start(choice.label);
    const engine = await session.load(choice, { numerics: readNumerics(), onProgress: loading.show });
    loading.stop();
    stopButton.hidden = false;
    report.info = await engine.info();
    const chosen = readSettings(report.info);
    await measure(engine, report, chosen, controller.signal, {
      onStep: (what) => (status.textContent = `${what} …`),
      onReport: show,
    });
    byId('rival', HTMLElement).replaceChildren(
      rivalView({
        report,
        settings: chosen,
        model: query.get('onnx'),
        onDone: (rival) => publish(Object.assign(report, { rival })),
      }),
    );
    status.textContent = 'Done.';
    exports.hidden = false;
    publish(report);
  } catch (error) {
    if (wasAborted(error)) status.textContent = 'Stopped.';
    else status.textContent = '';
    fail(report, failureOf(error));
  } finally {
    loading.stop();
    stopButton.hidden = true;
    setBusy(false);
    running = undefined;
  }
}

function fail(report: BenchReport, failure: Failure): void {
  if (failure.code !== 'aborted') notices.replaceChildren(failureNotice(failure));
  publish({ ...report, error: failure });
}

function setBusy(busy: boolean): void {
  // What was measured may have come onto this device.
  if (!busy) void shelf.refresh();
  shelf.setBusy(busy);
  shelf.root.hidden = busy;
  settings.disabled = busy;
}

function show(report: BenchReport): void {
  results.hidden = false;
  byId('speed', HTMLElement).replaceChildren(speedView(report.rows, report.info?.numerics));
  byId('load', HTMLElement).replaceChildren(loadView(report));
  if (report.info)
    byId('adapter', HTMLElement).replaceChildren(adapterView(report.info, report.scriptMemory));
  const kernels = byId('kernels', HTMLElement);
  if (report.kernels) {
    kernels.replaceChildren(
      ...(report.roofline ? [rooflineView(report.roofline)] : []),
      kernelView('Writing one token', report.kernels.decode),
      kernelView('One chunk of a prompt', report.kernels.prefill),
    );
  } else {
    const why = report.kernelsMissing?.message ?? 'Measured last.';
    kernels.replaceChildren(element('p', { class: 'muted' }, why));
  }
}

function json(): string {
  return JSON.stringify(window.quernBench, null, 2);
}

function save(): void {
  const url = URL.createObjectURL(new Blob([json()], { type: 'application/json' }));
  element('a', { href: url, download: `quern-bench-${window.quernBench?.model ?? 'model'}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

async function copy(): Promise<void> {
  await navigator.clipboard.writeText(json()).then(
    () => (status.textContent = 'Copied.'),
    () => (status.textContent = 'The browser did not allow the copy; save the file.'),
  );
}
