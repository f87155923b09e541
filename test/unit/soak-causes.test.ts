import { describe, expect, test } from 'vitest';
import { explainAbsences, summarizeAbsences } from '../../bench/soak/absences.ts';
import { countCloses } from '../../bench/soak/closes.ts';
import type { Incident } from '../../bench/soak/incidents.ts';
import { answerStallsOf, longestDelayMs, stallsOf, stallWindows } from '../../bench/soak/stalls.ts';
import { absenceWindows, closeWindows, lossWindows } from '../../bench/soak/windows.ts';
import type { SocketSpan } from '../support/tick-ledger.ts';

const incident = (changes: Partial<Incident> = {}): Incident => ({
  kind: 'kill',
  role: 'beat',
  index: 1,
  from: 10_000,
  to: 10_020,
  ...changes,
});

/** Beat 1 leads, and beat 2 from 12 s on. */
const leaderships = [
  { at: 12_000, index: 2 },
  { at: 5_000, index: 1 },
];

const grid = Array.from({ length: 24 }, (_, n) => 8_000 + n * 500);

/** The instants of the grid that may have no tick. */
function allowedWithout(incidents: Incident[], instants = grid): number[] {
  const explained = explainAbsences(instants, absenceWindows(incidents, leaderships));
  return [...explained].flatMap(([at, window]) => (window === null ? [] : [at]));
}

describe('instants without a tick', () => {
  test('are explained until another beat leads, if the beat that leads is interrupted', () => {
    expect(allowedWithout([incident()])).toEqual([10_000, 10_500, 11_000]);
    expect(allowedWithout([incident({ kind: 'freeze', to: 18_000 })])).toEqual([10_000, 10_500, 11_000]);
    expect(allowedWithout([incident({ index: 0 })])).toEqual([]);
    expect(allowedWithout([incident({ from: 12_500 })])).toEqual([]);
    expect(allowedWithout([incident({ from: 12_500, index: 2 })])).toEqual([12_500, 13_000, 13_500]);
  });

  test('are explained until a frozen leader or worker runs again, if that is earlier', () => {
    const earlier = (instants: number[], role: 'beat' | 'worker'): number[] =>
      allowedWithout([incident({ role, kind: 'freeze', to: 10_300 })], instants);
    expect(earlier([10_500, 11_000], 'beat')).toEqual([10_500]);
    expect(earlier([10_500], 'worker')).toEqual([10_500]);
    expect(earlier([10_600], 'worker')).toEqual([]);
  });

  test('are explained by a worker once', () => {
    const cut = incident({ role: 'worker', kind: 'cut', to: 15_000 });
    expect(allowedWithout([cut])).toEqual([10_000]);
    expect(allowedWithout([cut], [10_500, 11_000])).toEqual([10_500]);
    expect(allowedWithout([cut], [11_000])).toEqual([]);
  });

  test('are explained by Redis until one second after its return', () => {
    const freeze = incident({ role: 'redis', kind: 'freeze', from: 10_100, to: 12_300 });
    expect(allowedWithout([freeze])).toEqual([10_000, 10_500, 11_000, 11_500, 12_000, 12_500, 13_000]);
  });

  test('are not explained by a restart, nor by a web process', () => {
    const roles = ['beat', 'worker', 'web'] as const;
    expect(allowedWithout(roles.map((role) => incident({ role, kind: 'restart', to: 12_000 })))).toEqual([]);
    expect(allowedWithout([incident({ role: 'web' })])).toEqual([]);
  });

  test('are summarized by cause, with the latest one', () => {
    const windows = absenceWindows([incident(), incident({ role: 'worker', from: 14_100 })], leaderships);
    const rows = summarizeAbsences(explainAbsences([10_500, 11_000, 14_500, 16_000], windows), windows);
    expect(rows).toMatchObject([
      { cause: 'beat', instants: 2, faults: 1, mostPerFault: 2, latestMs: 1_000, limitMs: 1_300 },
      { cause: 'worker', instants: 1, faults: 1, mostPerFault: 1, latestMs: 400 },
      { cause: 'redis', instants: 0 },
      { cause: 'stall', instants: 0 },
      { cause: 'none', instants: 1 },
    ]);
  });
});

describe('a stall', () => {
  const delay = (of: string, to: number, delayMs: number) => ({ of, from: to - 100, to, delayMs });
  const delays = [delay('soak', 20_100, 90), delay('redis', 20_200, 170), delay('web 1', 20_400, 150)];

  test('is found if the processes on a path wait for most of an interval together', () => {
    expect(stallsOf(delays, () => true)).toEqual([19_900, 20_000]);
    expect(stallsOf(delays, (name) => name !== 'web 1')).toEqual([]);
    expect(stallsOf([...delays.slice(0, 2), delay('web 1', 20_700, 150)], () => true)).toEqual([]);
    expect(longestDelayMs(delays)).toBe(410);
  });

  test('is not found if processes of the same role wait at the same time, of which one is on the path', () => {
    const together = [delay('web 0', 20_100, 300), delay('web 1', 20_100, 200), delay('web 2', 20_100, 300)];
    expect(longestDelayMs(together)).toBe(300);
    expect(stallsOf(together, () => true)).toEqual([]);
  });

  test('delays the answers of a web process if that process or the one of the clients waited', () => {
    expect(answerStallsOf([delay('web 1', 20_100, 450), delay('redis', 20_100, 450)], 0)).toEqual([]);
    expect(answerStallsOf([delay('web 1', 20_100, 450)], 1)).not.toEqual([]);
    expect(answerStallsOf([delay('web 1', 20_100, 250), delay('soak', 20_100, 250)], 1)).not.toEqual([]);
  });

  test('explains instants without a tick if the beats, the workers, Redis or the proxies waited', () => {
    expect(stallWindows(delays)).toEqual([]);
    const windows = stallWindows([{ of: 'beat 0', from: 20_000, to: 21_200, delayMs: 1_200 }]);
    const instants = [19_500, 20_000, 20_500, 21_000, 21_500, 22_000, 22_500];
    const explained = explainAbsences(instants, windows);
    expect([...explained].flatMap(([at, window]) => (window === null ? [] : [at]))).toEqual([
      20_000, 20_500, 21_000, 21_500, 22_000,
    ]);
  });
});

describe('the interruption of a web process', () => {
  const web = (changes: Partial<Incident>): Incident => incident({ role: 'web', to: 13_000, ...changes });

  test('keeps ticks from its clients for as long as the contract allows', () => {
    const windows = lossWindows([
      web({ kind: 'freeze' }),
      web({ kind: 'cut' }),
      web({ kind: 'cut-clients' }),
      web({ kind: 'restart' }),
      web({ kind: 'reset-clients' }),
      incident({ role: 'redis', to: 11_000 }),
    ]);
    expect(windows).toEqual([
      { cause: 'process', web: 1, from: 9_750, to: 14_000 },
      { cause: 'network', web: 1, from: 9_750, to: 14_000 },
      { cause: 'network', web: 1, from: 9_750, to: 12_250 },
      { cause: 'redis', web: null, from: 9_750, to: 12_000 },
    ]);
  });

  test('closes its sockets; an interruption of Redis closes none', () => {
    const span = (closedAt: number, of = 1): SocketSpan => ({
      web: of,
      startedAt: 0,
      openedAt: 0,
      closedAt,
      received: [],
    });
    const incidents = [web({ kind: 'restart' }), web({ kind: 'cut', from: 20_000, to: 25_000 })];
    const options = { from: 0, to: 60_000, windows: closeWindows(incidents), stalls: [[50_000], [40_000]] };
    const spans = [span(11_000), span(11_000, 2), span(21_000), span(41_500), span(50_000), span(Infinity)];
    const unexplained: number[] = [];
    const counts = countCloses(spans, false, options, ({ closedAt }) => unexplained.push(closedAt));
    expect(counts).toEqual({ process: 1, network: 0, session: 0, stall: 1, unexplained: 3 });
    expect(unexplained).toEqual([11_000, 21_000, 50_000]);
    expect(countCloses([span(50_000)], true, options, () => {})).toMatchObject({ session: 1, unexplained: 0 });
  });
});
