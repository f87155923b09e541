import { describe, expect, test } from 'vitest';
import { chain } from '../../src/client/schedule.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** Runs timers as late as Firefox may: by an eighth of their delay. */
class LateClock extends VirtualClock {
  readonly fired: number[] = [];
  timers = 0;

  readonly chained = chain(
    (run, delayMs) => {
      this.timers += 1;
      const cancel = this.schedule(() => {
        this.timers -= 1;
        run();
      }, delayMs * 1.125);
      return () => {
        this.timers -= 1;
        cancel();
      };
    },
    () => this.now,
  );
}

describe('a chained wait', () => {
  test.each([0, 5, 100, 980, 30_000])('of %i ms ends at most 3 ms late', async (delayMs) => {
    const clock = new LateClock(1_000);
    clock.chained(() => clock.fired.push(clock.now), delayMs);
    await clock.pass(60_000);
    expect(clock.fired).toHaveLength(1);
    const lateMs = (clock.fired[0] ?? 0) - 1_000 - delayMs;
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(3);
  });

  test.each([0, 500, 900])('that is cancelled after %i ms leaves no timer', async (afterMs) => {
    const clock = new LateClock(1_000);
    const cancel = clock.chained(() => clock.fired.push(clock.now), 1_000);
    await clock.pass(afterMs);
    cancel();
    expect(clock.timers).toBe(0);
    await clock.pass(10_000);
    expect(clock.fired).toEqual([]);
  });
});
