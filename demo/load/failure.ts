// An error as a person can use it: what happened, in the engine's words, and what would work.
import { element } from '../look/element.ts';
import { QuernError } from './engine.ts';

const ADVICE: Partial<Record<string, string>> = {
  'webgpu-unavailable':
    'Quern computes on WebGPU: use a current Chrome, Edge, Safari or Firefox on a machine with a graphics ' +
    'driver. In Chrome, chrome://gpu says what is missing.',
  'device-lost':
    'The graphics driver stopped answering. Load the model again; close other heavy tabs if it comes back.',
  'out-of-memory': 'Take a smaller model or a smaller quantization, or close other tabs that use the GPU.',
  'unsupported-architecture': 'Take a model of the llama family, such as SmolLM2 or Llama 3.2.',
  'unsupported-dtype': 'Take the same model in another quantization, such as Q4_K_M or Q8_0.',
  'corrupt-file':
    'Fetch it again, and check that it is a GGUF file, or all files of a folder of safetensors.',
  'not-found': 'Check the address, or the owner/name on the hub.',
  network: 'Check the connection. A server must also allow this page to read from it (CORS).',
  'storage-full': 'Free some space for this site; the model can still be used from a local file.',
  'context-overflow': 'Start a new chat, or ask with less text.',
  unloaded: 'Load the model again.',
};

export interface Failure {
  code: string;
  message: string;
  advice: string;
}

export function failureOf(error: unknown): Failure {
  const known = QuernError.from(error);
  return { code: known.code, message: known.message, advice: ADVICE[known.code] ?? '' };
}

/** True when the error only says that somebody pressed stop or cancel. */
export function wasAborted(error: unknown): boolean {
  return QuernError.from(error).code === 'aborted';
}

/** A notice to put into the page; screen readers announce it. */
export function failureNotice(failure: Failure): HTMLElement {
  return element(
    'div',
    { class: 'notice', role: 'alert', 'data-code': failure.code },
    element(
      'p',
      {},
      element('strong', {}, TITLES[failure.code] ?? 'That did not work.'),
      ' ',
      failure.message,
    ),
    element('p', { class: 'muted' }, failure.advice, ' ', element('code', {}, failure.code)),
  );
}

const TITLES: Partial<Record<string, string>> = {
  'webgpu-unavailable': 'No WebGPU here.',
  'device-lost': 'The GPU went away.',
  'out-of-memory': 'Not enough GPU memory.',
  'unsupported-architecture': 'Not a model Quern can run.',
  'unsupported-dtype': 'A kind of weights Quern cannot read.',
  'corrupt-file': 'The file cannot be read.',
  'not-found': 'Not found.',
  network: 'The network failed.',
  'context-overflow': 'The chat is too long.',
};

/** Why this browser cannot start at all, or undefined. The engine finds the rest when it asks for an adapter. */
export function missingWebGpu(): Failure | undefined {
  const code = 'webgpu-unavailable';
  const advice = ADVICE[code] ?? '';
  if (!isSecureContext) {
    return { code, message: 'This page was not opened over https or from this machine.', advice };
  }
  if ('gpu' in navigator) return undefined;
  return { code, message: 'This browser does not offer WebGPU, or it is switched off.', advice };
}
