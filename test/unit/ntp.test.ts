import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { authorityOptions } from '../../src/authority/options.ts';
import { readOptions } from '../../src/config.ts';
import { combineBounds, type Bounds } from '../../src/time/ntp/agreement.ts';
import { Alarm } from '../../src/time/ntp/alarm.ts';
import { PollSchedule } from '../../src/time/ntp/poll-schedule.ts';
import { createRequest, parseResponse } from '../../src/time/ntp/packet.ts';
import { type AnswerFields, encodeAnswer } from '../support/ntp-server.ts';

const nonce = Buffer.from('random!!');
const at = Date.UTC(2026, 10, 27, 8);

/** The response to a request that was sent at 1,000 and arrived at 1,020 of the monotonic clock. */
function read(fields: AnswerFields): ReturnType<typeof parseResponse> {
  return parseResponse(encodeAnswer({ nonce, receivedAt: at, sentAt: at + 5, ...fields }), nonce, 1_000, 1_020);
}

describe('an NTP request', () => {
  test('is a client packet of version 4 that carries the nonce and no time', () => {
    const packet = createRequest(nonce);
    expect(packet).toHaveLength(48);
    expect(packet[0]).toBe(0b00_100_011);
    expect(Buffer.from(packet.subarray(1, 40)).every((byte) => byte === 0)).toBe(true);
    expect(Buffer.from(packet.subarray(40))).toEqual(nonce);
  });
});

describe('an NTP answer', () => {
  test('gives the times of the server and its root distance', () => {
    const answer = read({ rootDelayMs: 20, rootDispersionMs: 7 });
    expect(answer).toMatchObject({ kind: 'time', exchange: { sentAt: 1_000, arrivedAt: 1_020 } });
    if (answer?.kind !== 'time') throw new Error('no time');
    expect(answer.exchange.received).toBeCloseTo(at, 2);
    expect(answer.exchange.sent).toBeCloseTo(at + 5, 2);
    expect(answer.rootDistanceMs).toBeCloseTo(17, 1);
  });

  test('may be of the NTP era that begins in 2036', () => {
    const later = Date.UTC(2040, 0, 1);
    const answer = read({ receivedAt: later, sentAt: later + 1 });
    expect(answer?.kind === 'time' && Math.round(answer.exchange.received)).toBe(later);
  });

  test.each<[string, AnswerFields]>([
    ['of a client', { mode: 3 }],
    ['of a broadcast', { mode: 5 }],
    ['with stratum 16', { stratum: 16 }],
    ['with stratum 0 and no code', { stratum: 0 }],
    ['with stratum 0 because its server is not synchronized yet', { stratum: 0, code: 'INIT' }],
    ['with the alarm bit', { leap: 3 }],
    ['without a transmit time', { sentAt: 0 }],
    ['without a receive time', { receivedAt: 0 }],
    ['that was held for longer than the trip took', { receivedAt: at - 30 }],
    ['that was sent before its request arrived', { receivedAt: at + 6 }],
    ['with a negative root delay', { rootDelayMs: -1 }],
    ['with a root distance of a second', { rootDelayMs: 1_000, rootDispersionMs: 500 }],
  ])('%s does not count', (_, fields) => {
    expect(read(fields)?.kind).toBe('refused');
  });

  test.each<[AnswerFields]>([[{ stratum: 16 }], [{ stratum: 0, leap: 3 }], [{ stratum: 2, leap: 3 }]])(
    'of a server that is not synchronized says so: %j',
    (fields) => {
      const reason = `its clock is not synchronized (stratum ${fields.stratum})`;
      expect(read(fields)).toEqual({ kind: 'refused', reason });
    },
  );

  test.each(['RATE', 'DENY', 'RSTR'])('with stratum 0 and the code %s demands a pause', (code) => {
    expect(read({ stratum: 0, code })).toEqual({ kind: 'kiss', code });
  });

  test('with another nonce, or cut short, is ignored', () => {
    expect(read({ nonce: Buffer.from('forged!!') })).toBeNull();
    expect(read({ nonce: Buffer.from('forged!!'), stratum: 0, code: 'DENY' })).toBeNull();
    const packet = encodeAnswer({ nonce, receivedAt: at, sentAt: at });
    expect(parseResponse(packet.subarray(0, 47), nonce, 0, 20)).toBeNull();
  });
});

const bounds = (lowMs: number, highMs: number): Bounds => ({ lowMs, highMs });

describe('the bounds of several servers', () => {
  test('are those of the only server', () => {
    expect(combineBounds([])).toBeNull();
    expect(combineBounds([bounds(-3, 5)])).toEqual({ bounds: bounds(-3, 5), isContradiction: false });
  });

  test('leave one liar among three out', () => {
    const combined = combineBounds([bounds(-3, 5), bounds(2_990, 3_010), bounds(-1, 8)]);
    expect(combined).toEqual({ bounds: bounds(-1, 5), isContradiction: false });
  });

  test('cover two servers that contradict each other', () => {
    const combined = combineBounds([bounds(-3, 5), bounds(2_990, 3_010)]);
    expect(combined).toEqual({ bounds: bounds(-3, 3_010), isContradiction: true });
  });

  test('cover every value that a majority allows', () => {
    const combined = combineBounds([bounds(0, 100), bounds(0, 10), bounds(90, 100)]);
    expect(combined).toEqual({ bounds: bounds(0, 100), isContradiction: false });
  });

  test('contain the truth if more than half of the servers tell it', () => {
    const truth = 7;
    const margin = fc.double({ min: 0, max: 50, noNaN: true });
    const honest = fc.tuple(margin, margin).map(([below, above]) => bounds(truth - below, truth + above));
    const any = fc.tuple(fc.double({ min: -100, max: 100, noNaN: true }), margin);
    const liar = any.map(([low, width]) => bounds(low, low + width));
    fc.assert(
      fc.property(fc.array(honest, { minLength: 1, maxLength: 4 }), fc.array(liar, { maxLength: 4 }), (good, bad) => {
        const combined = combineBounds([...bad.slice(0, good.length - 1), ...good]);
        expect(combined?.isContradiction).toBe(false);
        expect(combined?.bounds.lowMs).toBeLessThanOrEqual(truth);
        expect(combined?.bounds.highMs).toBeGreaterThanOrEqual(truth);
      }),
    );
  });
});

/** The instants of the polls within `lastMs`, checked every 2 s; house time is stepped at `stepAt`. */
function pollInstants(lastMs: number, random: number, stepAt = Infinity): number[] {
  const schedule = new PollSchedule(() => random);
  const instants: number[] = [];
  for (let now = 0; now <= lastMs; now += 2_000) {
    if (schedule.isDue(now, at + now + (now >= stepAt ? 3_000 : 0))) instants.push(now);
  }
  return instants;
}

describe('the polls', () => {
  test('are four, 2 s apart, then one every 64 s', () => {
    expect(pollInstants(150_000, 0.5)).toEqual([0, 2_000, 4_000, 6_000, 70_000, 134_000]);
  });

  test('are spread by a tenth', () => {
    expect(pollInstants(80_000, 0).at(-1)).toBe(64_000);
    expect(pollInstants(80_000, 1).at(-1)).toBe(78_000);
  });

  test('are four again after a step of house time', () => {
    expect(pollInstants(40_000, 0.5, 30_000)).toEqual([0, 2_000, 4_000, 6_000, 30_000, 32_000, 34_000, 36_000]);
  });
});

describe('the alarm', () => {
  test('begins when two polls in a row are above the limit, and ends with the first that is not', () => {
    const alarm = new Alarm(100, 0);
    const reasons = [101, 99, 101, 101, 500, 100].map((utcErrorMs, index) => {
      const isChanged = alarm.onResult({ now: index * 64_000, isAnswered: true, utcErrorMs });
      return [alarm.reason, isChanged];
    });
    const above = ['deviation', false];
    expect(reasons).toEqual([[null, false], [null, false], [null, false], ['deviation', true], above, [null, true]]);
  });

  test('begins after 30 minutes without an answer that counts', () => {
    const alarm = new Alarm(100, 0);
    const poll = (minutes: number, isAnswered: boolean): string | null => {
      alarm.onResult({ now: minutes * 60_000, isAnswered, utcErrorMs: isAnswered ? 1 : null });
      return alarm.reason;
    };
    expect([poll(29, false), poll(30, false), poll(31, true)]).toEqual([null, 'silence', null]);
    expect([poll(60, false), poll(61, false)]).toEqual([null, 'silence']);
  });

  test('does not end after a silence with an answer that is above the limit', () => {
    const alarm = new Alarm(100, 0);
    alarm.onResult({ now: 30 * 60_000, isAnswered: false, utcErrorMs: null });
    expect(alarm.reason).toBe('silence');
    const reasons = [31, 32, 33].map((minutes) => {
      alarm.onResult({ now: minutes * 60_000, isAnswered: true, utcErrorMs: minutes === 33 ? 1 : 3_000 });
      return alarm.reason;
    });
    expect(reasons).toEqual(['silence', 'deviation', null]);
  });
});

describe('--ntp-server', () => {
  const read = (text: string): unknown => readOptions(authorityOptions, { ntpServers: text }, {}).ntpServers;

  test('takes host names and addresses, by default with port 123', () => {
    expect(read('time.example.org, time.example.net.,192.0.2.1:1123,[2001:db8::1],[fe80::1%eth0],[::1]:124')).toEqual([
      { host: 'time.example.org', port: 123 },
      { host: 'time.example.net.', port: 123 },
      { host: '192.0.2.1', port: 1_123 },
      { host: '2001:db8::1', port: 123 },
      { host: 'fe80::1%eth0', port: 123 },
      { host: '::1', port: 124 },
    ]);
  });

  test.each(['', ',', 'a b', '::1', '[127.0.0.1]', '[a]', 'a:0', 'a:65536', 'a:x', 'a,A:123', 'a,b,c,d,e,f,g,h,i'])(
    'refuses %j in one line',
    (text) => {
      expect(() => read(text)).toThrow(/^--ntp-server: .* must be .+$/);
    },
  );

  test('has no default, and its alarm has one of 100 ms', () => {
    expect(readOptions(authorityOptions, {}, {})).toEqual({ ntpServers: undefined, ntpAlarmMs: 100 });
  });
});
