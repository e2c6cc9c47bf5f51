import { expect, it } from 'vitest';
import type { Progress } from '@quern/spec';
import { createProgressMeter } from './progress-meter.ts';

function bench(total: number, loaded = 0) {
  const events: Progress[] = [];
  const clock = { ms: 1000 };
  const meter = createProgressMeter({
    phase: 'weights',
    file: 'm.gguf',
    fileTotal: total,
    total,
    loaded,
    onProgress: (event) => void events.push(event),
    now: () => clock.ms,
  });
  return { events, clock, meter };
}

it('tells bytes, rate and time left', () => {
  const { events, clock, meter } = bench(10_000);
  for (let i = 0; i < 10; i++) {
    clock.ms += 100;
    meter.add(100, 'network');
  }
  expect(events.length).toBe(10);
  expect(events[9]).toEqual({
    phase: 'weights',
    file: 'm.gguf',
    fileLoaded: 1000,
    fileTotal: 10_000,
    total: 10_000,
    loaded: 1000,
    from: 'network',
    bytesPerSecond: 1000,
    secondsLeft: 9,
  });
  // Too early to tell.
  expect(events[0]).not.toHaveProperty('secondsLeft');
});

it('is throttled to ten a second and ends with a last one', () => {
  const { events, clock, meter } = bench(1000);
  for (let i = 0; i < 1000; i++) {
    clock.ms += 1;
    meter.add(1, 'file');
  }
  expect(events.length).toBeLessThanOrEqual(11);
  meter.end();
  expect(events.at(-1)).toMatchObject({ loaded: 1000, secondsLeft: 0 });
  const { length } = events;
  meter.add(5, 'file');
  meter.end();
  expect(events.length).toBe(length);
});

it('the rate follows the last seconds', () => {
  const { events, clock, meter } = bench(1e9);
  for (let i = 0; i < 50; i++) {
    clock.ms += 100;
    meter.add(1_000_000, 'network');
  }
  for (let i = 0; i < 40; i++) {
    clock.ms += 100;
    meter.add(1000, 'network');
  }
  expect(events.at(-1)?.bytesPerSecond).toBeCloseTo(10_000, -3);
});

it("the cache's speed does not spoil the network's", () => {
  const { events, clock, meter } = bench(1e9, 500);
  for (let i = 0; i < 10; i++) {
    clock.ms += 100;
    meter.add(10_000_000, 'cache');
  }
  for (let i = 0; i < 5; i++) {
    clock.ms += 100;
    meter.add(1000, 'network');
  }
  expect(events.at(-1)).toMatchObject({ from: 'network', bytesPerSecond: 10_000, loaded: 100_005_500 });
});

it('knows no time left without a total, until it is set', () => {
  const { events, clock, meter } = bench(0);
  clock.ms += 500;
  meter.add(500, 'network');
  expect(events.at(-1)).not.toHaveProperty('secondsLeft');
  meter.setTotal(1000);
  meter.setFile('b.gguf', 500);
  meter.end();
  expect(events.at(-1)).toMatchObject({
    file: 'b.gguf',
    fileLoaded: 0,
    fileTotal: 500,
    total: 1000,
    secondsLeft: 0.5,
  });
});
