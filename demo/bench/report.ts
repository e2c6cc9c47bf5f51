// What a run of the page comes to: one JSON object, the same in the file, in window.quernBench and in
// the page's <script id="result">.
import type { BenchRow, EngineInfo, KernelTiming, Roofline } from '../load/engine.ts';
import type { Failure } from '../load/failure.ts';
import type { ScriptMemory } from './script-memory.ts';

export interface BenchSettings {
  promptTokens: number[];
  decodeTokens: number;
  /** Tokens in the cache before those that are written. */
  depths: number[];
  repetitions: number;
}

export interface RivalReport {
  engine: string;
  model: string;
  loadMs: number;
  rows: BenchRow[];
}

export interface BenchReport {
  format: 'quern-bench-1';
  date: string;
  userAgent: string;
  model: string;
  settings?: BenchSettings;
  info?: EngineInfo;
  /** Of the first request after the load: prompt of one token. */
  firstTokenMs?: number;
  rows: BenchRow[];
  /** The most that was seen, after the load and after the tests. */
  scriptMemory?: ScriptMemory;
  roofline?: Roofline;
  /** Missing where the adapter has no timestamps; `kernelsMissing` then says so. */
  kernels?: { prefill: KernelTiming[]; decode: KernelTiming[] };
  kernelsMissing?: Failure;
  rival?: RivalReport;
  error?: Failure;
}

declare global {
  interface Window {
    quernBench?: BenchReport;
  }
}

export function newReport(model: string): BenchReport {
  return {
    format: 'quern-bench-1',
    date: new Date().toISOString(),
    userAgent: navigator.userAgent,
    model,
    rows: [],
  };
}

/** Puts a report where scripts look for it. */
export function publish(report: BenchReport): void {
  window.quernBench = report;
  const place = document.getElementById('result');
  if (place) place.textContent = JSON.stringify(report, null, 1);
  document.documentElement.dataset.bench = report.error ? 'failed' : 'done';
}
