// A file on a server without ranges: one request, read forward as chunks are asked for. Going back costs a
// new request from the start; so does a dead connection. Nothing is kept: callers keep the chunks they need.
import { QuernError } from '@quern/spec';
import { contentLength } from './content-range.ts';
import { publicUrl } from './file-key.ts';
import type { Answer, Http } from './http-request.ts';
import { Interrupted, request, triesOf } from './http-request.ts';
import type { RemoteInfo } from './remote-file.ts';
import { checkSameFile } from './remote-file.ts';
import type { Tries } from './retry.ts';

interface Job {
  start: number;
  end: number;
  resolve(bytes: Uint8Array<ArrayBuffer>): void;
  reject(error: unknown): void;
}

export class ForwardStream {
  readonly #file: RemoteInfo;
  readonly #http: Http;
  readonly #signal: AbortSignal;
  readonly #onBytes: (count: number) => void;
  #answer: Answer | undefined;
  /** Where in the file the next unread byte is: the first of `#rest`, or of the body's next piece. */
  #at = 0;
  #rest: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  #jobs: Job[] = [];
  #running = false;

  /** `answer`: a 200 whose body has not been read. */
  constructor(
    file: RemoteInfo,
    http: Http,
    signal: AbortSignal,
    onBytes: (count: number) => void,
    answer: Answer | undefined,
  ) {
    this.#file = file;
    this.#http = http;
    this.#signal = signal;
    this.#onBytes = onBytes;
    this.#answer = answer;
  }

  read(start: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ start, end, resolve, reject });
      if (!this.#running) void this.#run();
    });
  }

  async #run(): Promise<void> {
    this.#running = true;
    // Callers of one turn are seen together.
    await Promise.resolve();
    for (let job = this.#next(); job; job = this.#next()) {
      try {
        job.resolve(await this.#serve(job));
      } catch (error) {
        job.reject(error);
      }
    }
    this.#running = false;
  }

  /** The nearest job ahead; if there is none, the earliest. */
  #next(): Job | undefined {
    const ahead = this.#jobs.filter((job) => this.#answer !== undefined && job.start >= this.#at);
    const from = ahead.length > 0 ? ahead : this.#jobs;
    if (from.length === 0) return undefined;
    const best = from.reduce((a, b) => (b.start < a.start ? b : a));
    this.#jobs = this.#jobs.filter((job) => job !== best);
    return best;
  }

  async #serve({ start, end }: Job): Promise<Uint8Array<ArrayBuffer>> {
    const out = new Uint8Array(end - start);
    const tries = triesOf(this.#http, this.#file.url, this.#signal);
    let filled = start;
    // Bytes that were got before count for nothing, else a server that always dies at the same byte is
    // asked for ever.
    let furthest = Math.max(this.#at, start);
    while (filled < end) {
      if (this.#at > filled) this.#drop();
      try {
        this.#answer ??= await this.#reopen(tries);
        const piece = this.#rest.length > 0 ? this.#rest : await this.#pull();
        if (!piece) {
          this.#drop();
          await tries.failed('the body ended early');
          continue;
        }
        const skipped = Math.min(piece.length, filled - this.#at);
        const taken = Math.min(piece.length - skipped, end - filled);
        out.set(piece.subarray(skipped, skipped + taken), filled - start);
        filled += taken;
        this.#at += skipped + taken;
        this.#rest = piece.subarray(skipped + taken);
        tries.position = ` at byte ${this.#at} of ${this.#file.byteLength}`;
        if (this.#at > furthest) {
          furthest = this.#at;
          tries.progress();
        }
      } catch (error) {
        this.#drop();
        if (!(error instanceof Interrupted)) throw error;
        await tries.failed(error.message);
      }
    }
    if (this.#at === this.#file.byteLength) this.#drop();
    return out;
  }

  async #pull(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const piece = await this.#answer?.read();
    if (piece) this.#onBytes(piece.length);
    return piece;
  }

  async #reopen(tries: Tries): Promise<Answer> {
    const answer = await request(this.#http, this.#file.url, {}, tries, this.#signal);
    if (answer.status !== 200) {
      answer.cancel();
      throw new QuernError(
        'network',
        `${publicUrl(this.#file.url)}: HTTP ${answer.status} to a request for the whole file`,
      );
    }
    checkSameFile(this.#file, answer, contentLength(answer.headers));
    return answer;
  }

  #drop(): void {
    this.#answer?.cancel();
    this.#answer = undefined;
    this.#at = 0;
    this.#rest = new Uint8Array(0);
  }
}
