import { beforeEach, describe, expect, test } from 'vitest';
import { HouseZone } from '../../src/client/house-zone.ts';
import { NamedZone } from '../../src/client/named-zone.ts';
import { ThemeZones } from '../../src/client/theme-zones.ts';
import { timeText, type UtcOffsets } from '../../src/time/zone-offset.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const hourMs = 3_600_000;
const at = Date.parse('2026-11-25T23:03:47Z');

describe('house zone', () => {
  const stated = { zone: 'America/Vancouver', utcOffsetMs: -7 * hourMs, nextUtcOffset: null };
  let zone: HouseZone;

  beforeEach(() => {
    zone = new HouseZone('America/Vancouver', stated);
  });

  const textAt = (instant: number): string => timeText(zone.wallClockAt(instant) ?? Number.NaN);

  test('reads as the offsets of the server say', () => {
    expect(textAt(at)).toBe('16:03:47');
    expect(zone.correct({ at, text: '16:03:47' })).toBeNull();
  });

  test('takes the offset of a tick that contradicts it, and reports it once', () => {
    expect(zone.correct({ at, text: '15:03:47' })).toBe(
      'the time in America/Vancouver is 15:03:47, not 16:03:47: the offset of the tick is used',
    );
    expect(textAt(at + 1_000)).toBe('15:03:48');
    expect(zone.correct({ at: at + 1_000, text: '15:03:48' })).toBeNull();
  });

  test('returns to the offset of the server once a tick agrees with it', () => {
    zone.correct({ at, text: '15:03:47' });
    zone.correct({ at, text: '16:03:47' });
    expect(textAt(at)).toBe('16:03:47');
  });

  test('ignores a text that no offset explains', () => {
    expect(zone.correct({ at, text: '16:03:11' })).toBeNull();
    expect(textAt(at)).toBe('16:03:47');
  });

  test('takes the offset of a tick while the server states none', () => {
    zone = new HouseZone('Europe/Madrid', { zone: 'Europe/Madrid', utcOffsetMs: null, nextUtcOffset: null });
    expect(zone.wallClockAt(at)).toBeNull();
    zone.correct({ at, text: '00:03:47' });
    expect(textAt(at)).toBe('00:03:47');
  });

  test.each([
    [stated, true],
    [{ ...stated, zone: 'America/Phoenix' }, false],
    [{ ...stated, utcOffsetMs: -8 * hourMs }, false],
    [{ ...stated, nextUtcOffset: { at, utcOffsetMs: 0 } }, false],
  ])('tells whether the server states %j again', (offsets, isSame) => {
    expect(zone.isSame(offsets)).toBe(isSame);
  });
});

describe('named zone', () => {
  let clock: VirtualClock;
  let answers: (UtcOffsets | null | 'none')[];
  let requests: number[];
  let changes: number;
  let zone: NamedZone;

  beforeEach(() => {
    clock = new VirtualClock(at);
    answers = [];
    requests = [];
    changes = 0;
    zone = make('Asia/Tokyo');
  });

  const options = () => ({
    fetchOffsets: async (): Promise<UtcOffsets | null> => {
      requests.push(clock.now - at);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      if (answer === 'none' || answer === undefined) throw new Error('no answer');
      return answer;
    },
    schedule: (run: () => void, delayMs: number) => clock.schedule(run, delayMs),
    random: () => 0.5,
    onChange: () => (changes += 1),
  });
  const make = (name: string): NamedZone => new NamedZone(name, options());

  test('follows the offset of the server, once it has answered', async () => {
    answers = [{ utcOffsetMs: 9 * hourMs, nextUtcOffset: null }];
    expect(zone.wallClockAt(at)).toBeNull();
    await zone.load();
    expect(zone.wallClockAt(at)).toBe(at + 9 * hourMs);
    expect(changes).toBe(1);
    await clock.pass(10 * hourMs);
    expect(requests).toEqual([0]);
  });

  test('is unknown if the server does not know its name, and is not requested again', async () => {
    answers = [null];
    await zone.load();
    expect(zone.status).toBe('unknown');
    await clock.pass(10 * hourMs);
    expect(requests).toHaveLength(1);
  });

  test('is requested again after a failure, less and less often', async () => {
    answers = ['none'];
    await zone.load();
    expect(zone.status).toBe('failing');
    await clock.pass(20_000);
    expect(requests).toEqual([0, 1_500, 4_500, 10_500]);
    answers = [{ utcOffsetMs: 9 * hourMs, nextUtcOffset: null }];
    await clock.pass(60_000);
    expect(zone.status).toBe('known');
  });

  test.each(['none', { utcOffsetMs: hourMs, nextUtcOffset: null }] as const)(
    'requests and reports nothing after it was stopped during a request: %j',
    async (answer) => {
      answers = [answer];
      const loading = zone.load();
      zone.stop();
      await loading;
      await clock.pass(2 * hourMs);
      expect(requests).toHaveLength(1);
      expect(changes).toBe(0);
    },
  );

  test('is not requested again at a change of its offset after it was stopped', async () => {
    answers = [{ utcOffsetMs: hourMs, nextUtcOffset: { at, utcOffsetMs: 0 } }];
    await zone.load();
    zone.wallClockAt(at);
    zone.stop();
    zone.wallClockAt(at);
    await clock.pass(2 * hourMs);
    expect(requests).toHaveLength(1);
  });

  test('is requested again within an hour after a change of its offset', async () => {
    const nextUtcOffset = { at: at + hourMs, utcOffsetMs: 2 * hourMs };
    answers = [
      { utcOffsetMs: hourMs, nextUtcOffset },
      { utcOffsetMs: 2 * hourMs, nextUtcOffset: null },
    ];
    await zone.load();
    await clock.pass(hourMs);
    expect(zone.wallClockAt(clock.now - 1)).toBe(clock.now - 1 + hourMs);
    expect(zone.wallClockAt(clock.now)).toBe(clock.now + 2 * hourMs);
    await clock.pass(hourMs, () => zone.wallClockAt(clock.now));
    expect(requests).toEqual([0, 1.5 * hourMs]);
  });

  test('is requested once after a change of its offset, also if it is read during that request', async () => {
    const nextUtcOffset = { at: at + hourMs, utcOffsetMs: 2 * hourMs };
    const answer = Promise.withResolvers<UtcOffsets>();
    const fetched: number[] = [];
    const slow = new NamedZone('Europe/Madrid', {
      ...options(),
      fetchOffsets: async () => {
        fetched.push(clock.now);
        return fetched.length === 1 ? { utcOffsetMs: hourMs, nextUtcOffset } : answer.promise;
      },
    });
    await slow.load();
    await clock.pass(hourMs);
    slow.wallClockAt(clock.now);
    await clock.pass(hourMs);
    expect(fetched).toHaveLength(2);
    slow.wallClockAt(clock.now);
    answer.resolve({ utcOffsetMs: 2 * hourMs, nextUtcOffset: null });
    await clock.pass(3 * hourMs);
    expect(fetched).toHaveLength(2);
  });

  test('keeps its offset while the server is away', async () => {
    answers = [{ utcOffsetMs: hourMs, nextUtcOffset: { at: at + hourMs, utcOffsetMs: 2 * hourMs } }, 'none'];
    await zone.load();
    await clock.pass(5 * hourMs, () => zone.wallClockAt(clock.now));
    expect(zone.wallClockAt(clock.now)).toBe(clock.now + 2 * hourMs);
    expect(zone.status).toBe('known');
  });

  test('is replaced by the zone of the installation, with a warning, if it is unknown', async () => {
    answers = [null, null, null];
    const house = new HouseZone('Europe/Madrid', { zone: 'Europe/Madrid', utcOffsetMs: 0, nextUtcOffset: null });
    const row = [{ name: 'Sun/Base', label: 'Sun' }];
    const zones = new ThemeZones({ zone: 'Mars/Base', zone2: 'Moon/Base', zones: row }, options());
    expect(zones.resolve(house).zone?.name).toBe('Mars/Base');
    await zones.load();
    const { zone: shown, warnings } = zones.resolve(house);
    expect(shown).toBe(house);
    expect(warnings).toEqual({
      zone: 'zone=Mars/Base is unknown to the server: the time is shown in Europe/Madrid',
      zone2: 'zone2=Moon/Base is unknown to the server: it is not shown',
      'Sun/Base': 'zones=Sun/Base is unknown to the server: it is not shown',
    });
  });
});
