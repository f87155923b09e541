import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Timer } from '../../src/client/timer.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

type Step = { set: number; setsAgain: boolean } | { passMs: number } | 'clear';

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ set: fc.integer({ min: 0, max: 50 }), setsAgain: fc.boolean() }),
  fc.record({ passMs: fc.integer({ min: 0, max: 60 }) }),
  fc.constant('clear' as const),
);

test('at most the last call is pending, also if a call sets the timer, and none after clear', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      const clock = new VirtualClock(0);
      const pending = new Set<object>();
      const timer = new Timer((run, delayMs) => {
        const call = {};
        pending.add(call);
        const cancel = clock.schedule(() => {
          pending.delete(call);
          run();
        }, delayMs);
        return () => {
          pending.delete(call);
          cancel();
        };
      });
      const set = (delayMs: number, setsAgain: boolean): void =>
        timer.set(delayMs, () => {
          if (setsAgain) set(delayMs, false);
        });
      for (const one of steps) {
        if (one === 'clear') timer.clear();
        else if ('passMs' in one) await clock.pass(one.passMs);
        else set(one.set, one.setsAgain);
        expect(pending.size).toBe(timer.isSet ? 1 : 0);
      }
      timer.clear();
      expect(pending.size).toBe(0);
    }),
  );
});
