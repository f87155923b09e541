import { describe, expect, test } from 'vitest';
import { AuthorityCheck } from '../../src/authority/authority-check.ts';
import { onMachineClock } from '../../src/authority/authority-reading.ts';
import { SharedReading } from '../../src/authority/shared-reading.ts';
import type { NtpResponse } from '../../src/time/ntp/packet.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const utcAt0 = Date.UTC(2026, 10, 27, 8);
const minuteMs = 60_000;

/** An authority that is checked against servers of a test. UTC is `utcAt0` plus the virtual clock. */
function createCheck(names: readonly string[], alarmMs = 100) {
  const clock = new VirtualClock(0);
  const { log, lines } = recordedLog();
  const house = { aheadMs: 0, errorMs: 0 };
  const queried: { name: string; at: number }[] = [];
  const answers = new Map<string, () => NtpResponse>();
  const check = new AuthorityCheck({
    servers: names.map((host) => ({ host, port: 123 })),
    alarmMs,
    time: {
      now: () => utcAt0 + clock.now + house.aheadMs,
      offsetMs: 0,
      get errorMs() {
        return house.errorMs;
      },
    },
    log,
    query: async ({ host }) => {
      queried.push({ name: host, at: clock.now });
      return answers.get(host)?.() ?? silent;
    },
    now: () => clock.now,
    random: () => 0.5,
    schedule: (run, delayMs) => clock.schedule(run, delayMs),
  });
  /** The answer of a server that is ahead of UTC, after a round trip of 10 ms. */
  const time =
    (aheadMs = 0): (() => NtpResponse) =>
    () => {
      const received = utcAt0 + clock.now - 5 + aheadMs;
      const exchange = { sentAt: clock.now - 10, received, sent: received, arrivedAt: clock.now };
      return { kind: 'time', exchange, rootDistanceMs: 1 };
    };
  const warnings = (): string[] => lines.map(({ level, msg }) => `${level === 40 ? 'warn' : 'info'}: ${msg}`);
  return { check, clock, house, queried, answers, time, lines, warnings };
}

const silent: NtpResponse = { kind: 'refused', reason: 'no answer within 2 s' };

describe('the check of the authority', () => {
  test('knows nothing before the first answer', async () => {
    const { check, clock } = createCheck(['a']);
    await check.start();
    await clock.pass(minuteMs);
    expect([check.reading, check.utcErrorMs, check.alarm]).toEqual([null, null, null]);
    await check.stop();
  });

  test('says how far house time is ahead of UTC, and within which bound', async () => {
    const { check, clock, house, answers, time } = createCheck(['a']);
    answers.set('a', time());
    house.aheadMs = 40;
    await check.start();
    await clock.pass(6_000);
    expect(check.reading?.offsetMs).toBeCloseTo(40, 2);
    // Half the round trip and the root distance.
    expect(check.reading?.boundMs).toBeCloseTo(6, 2);
    expect(check.utcErrorMs).toBeCloseTo(46, 2);
    await check.stop();
  });

  test('shows a step of house time at once, and polls four times again', async () => {
    const { check, clock, house, queried, answers, time } = createCheck(['a']);
    answers.set('a', time());
    await check.start();
    await clock.pass(20_000);
    house.aheadMs = -3_000;
    expect(check.reading?.offsetMs).toBeCloseTo(-3_000, 1);
    await clock.pass(20_000);
    expect(queried.map(({ at }) => at)).toEqual([0, 2_000, 4_000, 6_000, 22_000, 24_000, 26_000, 28_000]);
    await check.stop();
  });

  test('knows nothing while house time itself is unknown', async () => {
    const { check, clock, house, answers, time } = createCheck(['a']);
    answers.set('a', time());
    house.errorMs = Infinity;
    await check.start();
    await clock.pass(6_000);
    expect(check.reading).toBeNull();
    await check.stop();
  });

  test('warns once when a lone server says that house time is 3 s off, and once when it agrees again', async () => {
    const { check, clock, house, answers, time, lines, warnings } = createCheck(['a']);
    answers.set('a', time(3_000));
    await check.start();
    await clock.pass(10 * minuteMs);
    expect(check.alarm).toBe('deviation');
    expect(check.reading?.offsetMs).toBeCloseTo(-3_000, 1);
    expect(warnings()).toEqual(['warn: house time may differ from UTC by more than --ntp-alarm']);
    // Half the round trip and the root distance are 6 ms, and a bit more with their age.
    expect(lines[0]).toMatchObject({ offsetMs: -3_000, boundMs: 7 });
    house.aheadMs = 3_000;
    await clock.pass(10 * minuteMs);
    expect(check.alarm).toBeNull();
    expect(warnings().slice(1)).toEqual(['info: house time agrees with UTC again']);
    await check.stop();
  });

  test('warns that two servers contradict each other', async () => {
    const { check, clock, answers, time, warnings } = createCheck(['a', 'b']);
    answers.set('a', time()).set('b', time(3_000));
    await check.start();
    await clock.pass(minuteMs);
    expect(check.utcErrorMs).toBeGreaterThan(3_000);
    expect(warnings()).toEqual([
      'warn: house time may differ from UTC by more than --ntp-alarm; the NTP servers contradict each other',
    ]);
    await check.stop();
  });

  test('does not believe one liar among three', async () => {
    const { check, clock, answers, time, warnings } = createCheck(['a', 'liar', 'c']);
    answers.set('a', time()).set('liar', time(3_000)).set('c', time());
    await check.start();
    await clock.pass(minuteMs);
    expect(check.utcErrorMs).toBeLessThan(10);
    expect(warnings()).toEqual([]);
    await check.stop();
  });

  test('lets the bound grow by 50 ppm while no server answers, and warns after 30 minutes', async () => {
    const { check, clock, answers, time, warnings } = createCheck(['a']);
    answers.set('a', time());
    await check.start();
    await clock.pass(7_000);
    answers.delete('a');
    await clock.pass(20 * minuteMs);
    expect(check.reading?.boundMs).toBeCloseTo(6 + 20 * 60 * 0.05, 0);
    expect(warnings()).toEqual([]);
    await clock.pass(12 * minuteMs);
    expect(check.alarm).toBe('silence');
    expect(warnings()).toEqual(['warn: house time is not checked: no NTP server gave a usable answer for 30 minutes']);
    answers.set('a', time());
    await clock.pass(3 * minuteMs);
    expect(check.alarm).toBeNull();
    expect(warnings()).toHaveLength(2);
    await check.stop();
  });

  test('queries no server for 15 minutes that demanded a pause, and the others as before', async () => {
    const { check, clock, queried, answers, time } = createCheck(['a', 'b']);
    answers.set('a', () => ({ kind: 'kiss', code: 'RATE' })).set('b', time());
    await check.start();
    await clock.pass(20 * minuteMs);
    const [first = 0, second = 0] = queried.filter(({ name }) => name === 'a').map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(15 * minuteMs);
    expect(second - first).toBeLessThan(15 * minuteMs + 70_000);
    expect(queried.filter(({ name, at }) => name === 'b' && at < 15 * minuteMs).length).toBeGreaterThan(14);
    await check.stop();
  });

  test.each([
    ['RATE', 'a:123: demands a lower rate (RATE)'],
    ['DENY', 'a:123: refuses queries (DENY)'],
  ])('says what a server wants that answers %s', async (code, problem) => {
    const { check, answers } = createCheck(['a']);
    answers.set('a', () => ({ kind: 'kiss', code }));
    await check.poll();
    expect(check.problems).toEqual([problem]);
  });

  test('queries nothing after it has stopped', async () => {
    const { check, clock, queried } = createCheck(['a']);
    await check.start();
    await check.stop();
    await clock.pass(10 * minuteMs);
    expect(queried).toHaveLength(1);
  });
});

describe('what another process of the machine measured', () => {
  const bounds = { lowMs: utcAt0 - 10, highMs: utcAt0 + 10, at: performance.now(), isContradiction: false };

  /** A reading of house time that is `aheadMs` ahead of the middle of the bounds. */
  function readingOf(shared: typeof bounds | null, aheadMs: number, errorMs = 0) {
    const now = (): number => utcAt0 + performance.now() + aheadMs;
    const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now();
    return new SharedReading({
      bounds: () => shared && onMachineClock(shared, originMs),
      alarm: () => 'deviation',
      time: { now, offsetMs: 0, errorMs },
    });
  }

  test('is compared with the house time of this process', () => {
    const reading = readingOf(bounds, 300);
    expect(reading.reading?.offsetMs).toBeCloseTo(300, -1);
    expect(reading.reading?.boundMs).toBeCloseTo(10, 0);
    expect(reading.utcErrorMs).toBeCloseTo(310, -1);
    expect(reading.alarm).toBe('deviation');
  });

  test('widens with its age', () => {
    const dayMs = 24 * 60 * minuteMs;
    expect(readingOf({ ...bounds, at: bounds.at - dayMs }, 0).reading?.boundMs).toBeCloseTo(10 + dayMs * 50e-6, 0);
  });

  test('says nothing before the first measurement, or without house time', () => {
    expect(readingOf(null, 0).utcErrorMs).toBeNull();
    expect(readingOf(bounds, 0, Infinity).utcErrorMs).toBeNull();
  });
});
