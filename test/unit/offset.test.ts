import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OffsetEstimate, type Exchange } from '../../src/time/offset.ts';

/** An exchange with a clock that is `offset` ahead. Request and response take `there` and `back`. */
function exchange(sentAt: number, offset: number, there: number, back: number, processing = 0): Exchange {
  const received = sentAt + there + offset;
  return { sentAt, received, sent: received + processing, arrivedAt: sentAt + there + processing + back };
}

/** Rounding error of sums of doubles of this size, ms. */
const rounding = 1e-5;

describe('offset estimate', () => {
  test('is null before the first exchange', () => {
    expect(new OffsetEstimate(0).at(0)).toBeNull();
  });

  test('is exact if request and response take equally long', () => {
    const estimate = new OffsetEstimate(0);
    estimate.add(exchange(1_000, 7_000, 20, 20, 5));
    expect(estimate.at(1_045)?.offsetMs).toBe(7_000);
    expect(estimate.at(1_045)?.errorMs).toBeCloseTo(20, 2);
  });

  test('is the middle of the intersection of all samples, which widen with age', () => {
    const estimate = new OffsetEstimate(0);
    estimate.add(exchange(0, 100, 1, 1));
    estimate.add(exchange(10, 100, 0, 40));
    expect(estimate.at(50)?.offsetMs).toBeCloseTo(99.5, 2);
    expect(estimate.at(50)?.errorMs).toBeCloseTo(0.5, 2);
    // After 400 s at 50 ppm the first two are 20 ms wider on either side, so the newest one decides.
    estimate.add(exchange(400_000, 90, 5, 5));
    expect(estimate.at(400_010)?.offsetMs).toBeCloseTo(90, 2);
  });

  test('has an error bound that holds, whatever the delays and the drift', () => {
    const delays = fc.record({
      gap: fc.double({ min: 0, max: 30_000, noNaN: true }),
      there: fc.double({ min: 0, max: 400, noNaN: true }),
      back: fc.double({ min: 0, max: 400, noNaN: true }),
    });
    const drift = fc.double({ min: -49e-6, max: 49e-6, noNaN: true });
    // A page may have run for weeks.
    const begin = fc.double({ min: 0, max: 2.6e9, noNaN: true });
    fc.assert(
      fc.property(fc.array(delays, { minLength: 1, maxLength: 60 }), drift, begin, (exchanges, rate, beginsAt) => {
        const estimate = new OffsetEstimate(0.01);
        const trueOffset = (local: number): number => 5_000 + local * rate;
        let now = beginsAt;
        for (const { gap, there, back } of exchanges) {
          now += gap;
          const received = now + there + trueOffset(now + there);
          const arrivedAt = now + there + back;
          expect(estimate.add({ sentAt: now, received, sent: received, arrivedAt })).toBe(false);
          now = arrivedAt;
          const offset = estimate.at(now);
          expect(Math.abs((offset?.offsetMs ?? NaN) - trueOffset(now))).toBeLessThanOrEqual(
            (offset?.errorMs ?? 0) + rounding,
          );
        }
      }),
    );
  });

  test('follows a clock that was stepped from the next exchange on', () => {
    const estimate = new OffsetEstimate(0);
    for (let at = 0; at < 1_000; at += 100) estimate.add(exchange(at, 0, 1, 1));
    expect(estimate.add(exchange(1_000, 3_600_000, 30, 30))).toBe(true);
    expect(estimate.at(1_060)?.offsetMs).toBe(3_600_000);
  });

  test('is null again after forget()', () => {
    const estimate = new OffsetEstimate(0);
    estimate.add(exchange(0, 5, 1, 1));
    estimate.forget();
    expect(estimate.at(10)).toBeNull();
  });
});
