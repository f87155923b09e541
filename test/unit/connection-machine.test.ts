import { describe, expect, test } from 'vitest';
import { randomFrom } from '../../bench/soak/fault-list.ts';
import { dueAt, createState, step } from '../../src/client/connection/machine.ts';
import type { Effect, ConnectionEvent, State } from '../../src/client/connection/state.ts';
import type { InitialState } from '../../src/protocol.ts';

const start = 1_000;
const initialState: InitialState = {
  current: '15:03:27',
  at: 1_763_906_607_000,
  seq: 1,
  channel: 'time',
  zone: 'UTC',
  utcOffsetMs: 0,
  nextUtcOffset: null,
  interval: 500,
  stale: false,
  spread: 500,
  build: 'x',
};
const yes = { type: 'response', response: { status: 200, retryAfterMs: null, state: initialState } } as const;
const slow = {
  type: 'response',
  response: { status: 200, retryAfterMs: null, state: { ...initialState, interval: 60_000, spread: 7_500 } },
} as const;
const large = {
  type: 'response',
  response: { status: 200, retryAfterMs: null, state: { ...initialState, spread: 7_500 } },
} as const;
const refused = { type: 'response', response: { status: 401, retryAfterMs: null, state: null } } as const;
const busy = { type: 'response', response: { status: 503, retryAfterMs: 7_000, state: null } } as const;
const nothing = { type: 'response', response: null } as const;
/** The answer to the sync that a socket sends when it opens. */
const sync: ConnectionEvent = {
  type: 'sync',
  sync: { echo: start, received: 1, sent: 1, error: 0, utcError: null, spread: 7_500, build: 'x' },
};
const tick = { type: 'tick', tick: { channel: 'time', text: '', at: 1, seq: 1 }, isContradiction: false } as const;
const opened = { type: 'opened' } as const;
const closed = (code: number, reason?: string): ConnectionEvent => ({ type: 'closed', code, reason });

/** `due`: time passes until something is due. */
type Happening = ConnectionEvent | 'due';

/** Plays events from the start, all at one instant except for `due`; half of each window is waited. */
function play(...happenings: Happening[]): { state: State; effects: Effect[]; now: number } {
  let state = createState(null);
  let effects: Effect[] = [];
  let now = start;
  for (const one of [{ type: 'start' } as const, ...happenings]) {
    if (one === 'due') now = dueAt(state);
    const house = { aheadMs: null, errorMs: null, jitterMs: 0, isHeld: true, isSettled: true };
    ({ state, effects } = step(state, one === 'due' ? { type: 'time' } : one, { now, random: 0.5, house }));
  }
  return { state, effects, now };
}

const toRequesting: Happening[] = [closed(1006), 'due'];
const toOpen: Happening[] = [opened];
const toSignedOut: Happening[] = [...toRequesting, refused, 'due', refused];

describe('the machine', () => {
  test.each<[name: string, Happening[], phase: State['phase']['name'], effects: Effect['type'][]]>([
    ['opens a socket at the start', [], 'opening', ['open-socket']],
    [
      'measures, reports and requests the state on an open socket',
      toOpen,
      'open',
      ['condense-exchanges', 'send-sync', 'send-status', 'request-state'],
    ],
    ['waits after a failed handshake', [closed(1006)], 'waiting', []],
    ['sends a request after that wait', toRequesting, 'requesting', ['request-state']],
    ['waits again without a response', [...toRequesting, nothing], 'waiting', []],
    [
      'opens a socket after a response',
      [...toRequesting, yes],
      'opening',
      ['onZone', 'onBuild', 'onTick', 'open-socket'],
    ],
    ['repeats the request after the first refusal', [...toRequesting, refused, 'due'], 'requesting', ['request-state']],
    ['is signed out after the second refusal', toSignedOut, 'signed-out', ['close-socket', 'onState']],
    ['sends requests while it is signed out', [...toSignedOut, 'due'], 'signed-out', ['request-state']],
    ['stays signed out without a response', [...toSignedOut, 'due', nothing], 'signed-out', []],
    [
      'opens a socket once it is signed in',
      [...toSignedOut, 'due', yes],
      'opening',
      ['onZone', 'onBuild', 'onTick', 'open-socket', 'onState'],
    ],
    ['waits after a lost socket', [...toOpen, closed(1006)], 'waiting', ['cancel-request']],
    ['opens a socket after that wait', [...toOpen, closed(1006), 'due'], 'opening', ['open-socket']],
    [
      'requests the state later on a socket that opens again in a large installation',
      [...toOpen, large, closed(1006), 'due', opened],
      'open',
      ['condense-exchanges', 'send-sync', 'send-status'],
    ],
    [
      'requests it at once if the next tick may be a minute away',
      [...toOpen, slow, closed(1006), 'due', opened],
      'open',
      ['condense-exchanges', 'send-sync', 'send-status', 'request-state'],
    ],
    [
      'requests it at once as long as there was no response',
      [...toOpen, sync, busy, closed(1006), 'due', opened],
      'open',
      ['condense-exchanges', 'send-sync', 'send-status', 'request-state'],
    ],
    ['sends a request after 4401', [...toOpen, closed(4401), 'due'], 'requesting', ['request-state']],
    [
      'is signed out after 4401 and one refusal',
      [...toOpen, closed(4401), 'due', refused],
      'signed-out',
      ['close-socket', 'onState'],
    ],
    [
      'sends a request at once after 4401 with the reason recheck',
      [...toOpen, closed(4401, 'recheck')],
      'requesting',
      ['cancel-request', 'request-state'],
    ],
    [
      'is signed out after a recheck and one refusal',
      [...toOpen, closed(4401, 'recheck'), refused],
      'signed-out',
      ['close-socket', 'onState'],
    ],
    ['sends a request while a handshake hangs', ['due', 'due'], 'requesting', ['request-state']],
    [
      'lets a handshake open that hung',
      ['due', 'due', opened],
      'open',
      ['cancel-request', 'condense-exchanges', 'send-sync', 'send-status', 'request-state'],
    ],
    ['stops', [...toOpen, { type: 'stop' }], 'stopped', ['cancel-request', 'close-socket']],
    ['stays stopped', [{ type: 'stop' }, { type: 'start' }, opened, yes, { type: 'wake' }], 'stopped', []],
  ])('%s', (_, happenings, phase, effects) => {
    const played = play(...happenings);
    expect(played.state.phase.name).toBe(phase);
    expect(played.effects.map(({ type }) => type)).toEqual(effects);
  });

  test.each<[name: string, Happening[], waitMs: number]>([
    ['half of the spread after a lost socket', [...toOpen, tick, closed(1006)], 250],
    ['15 s after a broken rule', [...toOpen, tick, closed(1008)], 15_000],
    ['half of the second window after a failed request', [closed(1006), 'due', nothing], 350],
    ['Retry-After and half of the window', [closed(1006), 'due', busy], 7_350],
    ['half of the spread after the first refusal', [closed(1006), 'due', refused], 250],
    [
      'half of the spread, less its minimum, for the state on a socket that opens again',
      [...toOpen, large, closed(1006), 'due', opened],
      3_500,
    ],
    ['half of five minutes once it is signed out', toSignedOut, 150_000],
  ])('waits %s', (_, happenings, waitMs) => {
    const { state, now } = play(...happenings);
    const phase = state.phase as { attemptAt?: number; requestAt?: number };
    expect((phase.attemptAt ?? phase.requestAt ?? 0) - now).toBe(waitMs);
  });

  test.each([
    ['in a burst if it is unknown', null, false, 75],
    ['in a burst if its error is large', 30, true, 75],
    ['in a burst if it has not settled', 20, false, 75],
    ['once, and again half a minute later at most, if it is still exact enough', 20, true, 20_000],
  ])('measures house time on a socket that opens again %s', (_, errorMs, isSettled, waitMs) => {
    const { state, now } = play(...toOpen, yes, closed(1006), 'due');
    const house = { aheadMs: 0, errorMs, jitterMs: 10, isHeld: true, isSettled };
    const { effects, state: open } = step(state, opened, { now, random: 0.5, house });
    expect(effects).toContainEqual({ type: 'send-sync', echo: now });
    expect((open.phase as { syncAt: number }).syncAt - now).toBe(waitMs);
  });

  test.each([
    ['at once if it is fresh and has missed a tick, since the next one would come too late', true, 1_001, 0],
    ['later if the next tick comes while it is fresh', true, 999, 3_500],
    ['later if it is not fresh any more', false, 5_000, 3_500],
  ])('in a large installation a screen requests the state %s', (_, isFresh, ageMs, waitMs) => {
    const { state, now } = play(...toOpen, large, closed(1006), 'due');
    const house = { aheadMs: 0, errorMs: 1, jitterMs: 0, isHeld: false, isSettled: true };
    const before = { ...state, isFresh, tickInstant: now - ageMs, receivedAt: now - 500 };
    const { phase } = step(before, opened, { now, random: 0.5, house }).state;
    // A request that was due has been sent.
    const { requestAt, isRequesting } = phase as { requestAt: number; isRequesting: boolean };
    expect(isRequesting ? 0 : requestAt - now).toBe(waitMs);
  });

  test('spreads 10,000 screens that lose their sockets at once: at most 2 % begin a handshake within 100 ms', () => {
    const open = { ...play(...toOpen, tick).state, spreadMs: 7_000 };
    const random = randomFrom(1);
    const house = { aheadMs: null, errorMs: null, jitterMs: 0, isHeld: true, isSettled: true };
    const counts = new Map<number, number>();
    for (let screen = 0; screen < 10_000; screen++) {
      const { state } = step(open, closed(1006), { now: start, random: random(), house });
      const bucket = Math.floor(((state.phase as { attemptAt: number }).attemptAt - start) / 100);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
    }
    expect(Math.max(...counts.values())).toBeLessThanOrEqual(200);
    expect(Math.max(...counts.keys())).toBe(69);
  });

  test('changes no state that it is given', () => {
    const before = play(...toOpen, tick).state;
    const copy = structuredClone(before);
    const house = { aheadMs: 0, errorMs: 1, jitterMs: 0, isHeld: false, isSettled: true };
    const events: ConnectionEvent[] = [
      tick,
      closed(1006),
      { type: 'wake' },
      { type: 'jump', hasForgotten: true },
      yes,
      { type: 'stop' },
    ];
    for (const event of events) step(before, event, { now: 2_000, random: 0.5, house });
    expect(before).toEqual(copy);
  });

  test('has nothing due before the start and after stop', () => {
    expect(dueAt(createState(null))).toBe(Infinity);
    expect(dueAt(play(...toOpen, { type: 'stop' }).state)).toBe(Infinity);
  });
});
