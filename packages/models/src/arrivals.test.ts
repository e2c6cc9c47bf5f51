import { expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';

const buffer = (label: string) => ({ label }) as GPUBuffer;
const shared = buffer('shared');
const qkv = { buffer: shared, offset: 0, size: 256 };
const down = { buffer: shared, offset: 256, size: 512 };
const norm = { buffer: buffer('norm'), offset: 0, size: 16 };
const scratch = { buffer: buffer('scratch'), offset: 0, size: 1024 };

function arrivals(): Arrivals {
  const all = new Arrivals();
  for (const part of ['q', 'k', 'v']) all.expect(part, [qkv]);
  all.expect('down', [down]);
  all.expect('down', [norm]);
  return all;
}

/** Whether it has resolved, once all that is due has happened. */
async function settled(promise: Promise<void>): Promise<boolean> {
  let done = false;
  void promise.then(() => (done = true));
  await new Promise((resolve) => setTimeout(resolve));
  return done;
}

test('a region is whole with the last tensor that goes to it', async () => {
  const all = arrivals();
  const whole = all.whole([qkv, scratch], new AbortController().signal);
  for (const part of ['v', 'q', 'down']) all.arrived(part);
  expect(await settled(whole)).toBe(false);
  all.arrived('k');
  expect(await settled(whole)).toBe(true);
});

test('a tensor that fills several regions arrives in all', async () => {
  const all = arrivals();
  const { signal } = new AbortController();
  const [one, other] = [all.whole([norm], signal), all.whole([down, norm], signal)];
  all.arrived('down');
  expect([await settled(one), await settled(other)]).toEqual([true, true]);
});

test('of a buffer that tensors share, only what is read needs to be there', async () => {
  const all = arrivals();
  const { signal } = new AbortController();
  const [part, across] = [
    all.whole([{ ...down, offset: 512, size: 16 }], signal),
    all.whole([{ ...qkv, offset: 255, size: 2 }], signal),
  ];
  all.arrived('down');
  expect([await settled(part), await settled(across)]).toEqual([true, false]);
  for (const tensor of ['q', 'k', 'v']) all.arrived(tensor);
  expect(await settled(across)).toBe(true);
});

test('what nothing goes to is whole at once', async () => {
  await arrivals().whole([scratch], new AbortController().signal);
});

test('waiting ends with the signal', async () => {
  const all = arrivals();
  const stop = new AbortController();
  const whole = all.whole([qkv], stop.signal);
  stop.abort();
  await expect(whole).rejects.toMatchObject({ code: 'aborted' });
  await expect(all.whole([qkv], stop.signal)).rejects.toMatchObject({ code: 'aborted' });
});
