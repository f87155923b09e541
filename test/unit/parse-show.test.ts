import { describe, expect, test } from 'vitest';
import { parseShow } from '../../src/channels/show.ts';
import { Zone } from '../../src/time/zone.ts';

const now = Date.parse('2026-10-24T21:00:00.700Z');
const zone = () => new Zone('Europe/Madrid');

function countdownOf(countdown: object, at = now): unknown {
  return parseShow({ countdown }, { now: at, zone }).countdown;
}

describe('a countdown of a request', () => {
  test('counts to an instant, or a time from now', () => {
    expect(countdownOf({ until: now + 60_000, label: 'Exam' })).toEqual({ until: now + 60_000, label: 'Exam' });
    expect(countdownOf({ remainingMs: 60_000, warnAt: [1_000, 30_000] })).toEqual({
      until: now + 60_000,
      warnAt: [30_000, 1_000],
    });
  });

  test('may be as short as a second and as long as 366 days, at any part of a ms', () => {
    expect(countdownOf({ remainingMs: 1_000 }, now + 0.9)).toEqual({ until: now + 1_000 });
    const maxMs = 366 * 86_400_000;
    expect(countdownOf({ remainingMs: maxMs }, now + 0.9)).toEqual({ until: now + maxMs });
    expect(countdownOf({ elapsedMs: maxMs }, now + 0.9)).toEqual({ since: now - maxMs });
    expect(() => countdownOf({ remainingMs: 999 }, now + 0.9)).toThrow('between a second and 366 days');
  });

  test('counts up from an instant, or from a time ago', () => {
    expect(countdownOf({ since: now - 1_000 })).toEqual({ since: now - 1_000 });
    expect(countdownOf({ elapsedMs: 60_000 })).toEqual({ since: now - 60_000 });
  });

  test.each([
    ['23:30', '2026-10-24T21:30:00Z'],
    ['22:59', '2026-10-25T21:59:00Z'],
    ['02:30', '2026-10-25T00:30:00Z'],
    ['03:00:30', '2026-10-25T02:00:30Z'],
  ])('counts to the next %s in the zone, over the end of summer time', (untilTime, instant) => {
    expect(countdownOf({ untilTime })).toEqual({ until: Date.parse(instant) });
  });

  test('is refused for a time of day that the next day skips', () => {
    expect(() => countdownOf({ untilTime: '02:30' }, Date.parse('2026-03-28T20:00:00Z'))).toThrow(
      '02:30:00 does not exist on the next day in Europe/Madrid: the clocks are set forward over it.',
    );
  });

  test('needs the zone for a time of day only', () => {
    const unknown = () => {
      throw new Error('unknown');
    };
    expect(() => parseShow({ countdown: { untilTime: '15:00' } }, { now, zone: unknown })).toThrow('unknown');
    expect(parseShow({ countdown: { remainingMs: 1_000 } }, { now, zone: unknown })).toBeTruthy();
  });
});
