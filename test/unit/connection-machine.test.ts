import { describe, expect, test } from 'vitest';
import { dueAt, initialState, step } from '../../src/client/connection/machine.ts';
import type { Effect, ConnectionEvent, State } from '../../src/client/connection/state.ts';
import type { InitialState } from '../../src/protocol.ts';

const start = 1_000;
const told: InitialState = {
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
const yes = { type: 'answer', answer: { status: 200, retryAfterMs: null, state: told } } as const;
const refused = { type: 'answer', answer: { status: 401, retryAfterMs: null, state: null } } as const;
const busy = { type: 'answer', answer: { status: 503, retryAfterMs: 7_000, state: null } } as const;
const nothing = { type: 'answer', answer: null } as const;
const tick = { type: 'tick', tick: { channel: 'time', text: '', at: 1, seq: 1 }, isContradiction: false } as const;
const opened = { type: 'opened' } as const;
const closed = (code: number, reason?: string): ConnectionEvent => ({ type: 'closed', code, reason });

/** `due`: time passes until something is due. */
type Happening = ConnectionEvent | 'due';

/** Plays events from the start, all at one instant except for `due`; half of each window is waited. */
function play(...happenings: Happening[]): { state: State; effects: Effect[]; now: number } {
  let state = initialState(null);
  let effects: Effect[] = [];
  let now = start;
  for (const one of [{ type: 'start' } as const, ...happenings]) {
    if (one === 'due') now = dueAt(state);
    const house = { aheadMs: null, errorMs: null, jitterMs: 0, isHeld: true };
    ({ state, effects } = step(state, one === 'due' ? { type: 'time' } : one, { now, random: 0.5, house }));
  }
  return { state, effects, now };
}

const toProbing: Happening[] = [closed(1006), 'due'];
const toOpen: Happening[] = [opened];
const toSignedOut: Happening[] = [...toProbing, refused, 'due', refused];

describe('the machine', () => {
  test.each<[name: string, Happening[], phase: State['phase']['name'], effects: Effect['type'][]]>([
    ['opens a socket at the start', [], 'opening', ['open-socket']],
    [
      'measures, reports and asks on an open socket',
      toOpen,
      'open',
      ['condense-house', 'send-sync', 'send-status', 'ask'],
    ],
    ['waits after a failed handshake', [closed(1006)], 'waiting', []],
    ['asks after that wait', toProbing, 'probing', ['ask']],
    ['waits again without an answer', [...toProbing, nothing], 'waiting', []],
    [
      'opens a socket after an answer',
      [...toProbing, yes],
      'opening',
      ['report-zone', 'report-build', 'report-tick', 'open-socket'],
    ],
    ['asks again after the first refusal', [...toProbing, refused, 'due'], 'probing', ['ask']],
    ['is signed out after the second refusal', toSignedOut, 'signed-out', ['close-socket', 'report-state']],
    ['asks while it is signed out', [...toSignedOut, 'due'], 'signed-out', ['ask']],
    ['stays signed out without an answer', [...toSignedOut, 'due', nothing], 'signed-out', []],
    [
      'opens a socket once it is signed in',
      [...toSignedOut, 'due', yes],
      'opening',
      ['report-zone', 'report-build', 'report-tick', 'open-socket', 'report-state'],
    ],
    ['waits after a lost socket', [...toOpen, closed(1006)], 'waiting', ['cancel-question']],
    ['opens a socket after that wait', [...toOpen, closed(1006), 'due'], 'opening', ['open-socket']],
    ['asks after 4401', [...toOpen, closed(4401), 'due'], 'probing', ['ask']],
    [
      'is signed out after 4401 and one refusal',
      [...toOpen, closed(4401), 'due', refused],
      'signed-out',
      ['close-socket', 'report-state'],
    ],
    [
      'asks at once after 4401 with the reason recheck',
      [...toOpen, closed(4401, 'recheck')],
      'probing',
      ['cancel-question', 'ask'],
    ],
    [
      'is signed out after a recheck and one refusal',
      [...toOpen, closed(4401, 'recheck'), refused],
      'signed-out',
      ['close-socket', 'report-state'],
    ],
    ['asks while a handshake hangs', ['due', 'due'], 'probing', ['ask']],
    [
      'lets a handshake open that hung',
      ['due', 'due', opened],
      'open',
      ['cancel-question', 'condense-house', 'send-sync', 'send-status', 'ask'],
    ],
    ['stops', [...toOpen, { type: 'stop' }], 'stopped', ['cancel-question', 'close-socket']],
    ['stays stopped', [{ type: 'stop' }, { type: 'start' }, opened, yes, { type: 'wake' }], 'stopped', []],
  ])('%s', (_, happenings, phase, effects) => {
    const played = play(...happenings);
    expect(played.state.phase.name).toBe(phase);
    expect(played.effects.map(({ type }) => type)).toEqual(effects);
  });

  test.each<[name: string, Happening[], waitMs: number]>([
    ['half of the spread after a lost socket', [...toOpen, tick, closed(1006)], 250],
    ['15 s after a broken rule', [...toOpen, tick, closed(1008)], 15_000],
    ['half of the second window after a failed question', [closed(1006), 'due', nothing], 350],
    ['Retry-After and half of the window', [closed(1006), 'due', busy], 7_350],
    ['half of the spread after the first refusal', [closed(1006), 'due', refused], 250],
    ['half of five minutes once it is signed out', toSignedOut, 150_000],
  ])('waits %s', (_, happenings, waitMs) => {
    const { state, now } = play(...happenings);
    const phase = state.phase as { tryAt?: number; askAt?: number };
    expect((phase.tryAt ?? phase.askAt ?? 0) - now).toBe(waitMs);
  });

  test('changes no state that it is given', () => {
    const before = play(...toOpen, tick).state;
    const copy = structuredClone(before);
    const house = { aheadMs: 0, errorMs: 1, jitterMs: 0, isHeld: false };
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
    expect(dueAt(initialState(null))).toBe(Infinity);
    expect(dueAt(play(...toOpen, { type: 'stop' }).state)).toBe(Infinity);
  });
});
