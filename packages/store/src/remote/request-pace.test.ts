import { describe, expect, it } from 'vitest';
import { FIRST_REQUESTS, MAX_REQUESTS, RequestPace } from './request-pace.ts';

/** A network that gives each request its bytes per ms, up to a sum; rounds of chunks of 1000 bytes. */
function bench(each: number, inAll: number) {
  const clock = { ms: 0 };
  const pace = new RequestPace(() => clock.ms);
  const limits: number[] = [];
  const round = (): void => {
    const { limit } = pace;
    const rate = Math.min(each * limit, inAll);
    pace.arrived(1000, true);
    for (let n = 0; n < limit; n++) {
      clock.ms += 1000 / rate;
      if (pace.limit !== limit) return;
      pace.arrived(1000, true);
    }
    limits.push(pace.limit);
  };
  return { pace, clock, limits, round };
}

const times = (n: number, work: () => void): void => {
  for (let i = 0; i < n; i++) work();
};

describe('the number of requests at once', () => {
  it('grows to the most while each brings more', () => {
    const { pace, round } = bench(10, 1000);
    expect(pace.limit).toBe(FIRST_REQUESTS);
    times(3, round);
    expect(pace.limit).toBe(MAX_REQUESTS);
    times(20, round);
    expect(pace.limit).toBe(MAX_REQUESTS);
  });

  it('stays near where more brings no more', () => {
    const { limits, round } = bench(10, 40);
    times(100, round);
    expect(Math.max(...limits.slice(10))).toBeLessThan(MAX_REQUESTS);
    expect(Math.min(...limits.slice(10))).toBeGreaterThanOrEqual(3);
  });

  it('halves on trouble, once for each chunk that comes, and never to none', () => {
    const { pace, round } = bench(10, 1000);
    times(20, round);
    pace.trouble();
    pace.trouble();
    expect(pace.limit).toBe(4);
    pace.arrived(1000, false);
    pace.trouble();
    expect(pace.limit).toBe(2);
    times(5, () => {
      pace.arrived(1000, false);
      pace.trouble();
    });
    expect(pace.limit).toBe(1);
    times(30, round);
    expect(pace.limit).toBe(MAX_REQUESTS);
  });

  it('learns nothing from requests that had no company to have', () => {
    const { pace, clock } = bench(10, 1000);
    times(50, () => {
      clock.ms += 1;
      pace.arrived(1000, false);
    });
    expect(pace.limit).toBe(FIRST_REQUESTS);
  });
});
