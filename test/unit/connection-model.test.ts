import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clientFaultMs,
  handshakeTimeoutMs,
  requestTimeoutMs,
  signedOutRequestMs,
} from '../../src/client/connection/policy.ts';
import { type FakeSocket, healthy, ScreenWorld, type Server } from '../support/screen-world.ts';

const maxRetryAfterMs = 20_000;
const frameMs = 17;
/** A sleep this short goes unnoticed until a tick arrives. */
const shortSleepMs = 70;
/** Timers of connection and painter, and the two of a pending request. */
const mostPending = 4;

/** What may happen to a screen. */
type Step =
  | { pass: number }
  | { server: Partial<Server> }
  | { close: number }
  | { deliver: string }
  | { lateTick: number }
  | { houseStep: number }
  | { wallStep: number }
  | { sleep: number }
  | { isDrawingBroken: boolean }
  | { isVisible: boolean }
  | { resume: true }
  | { wake: number };

const server: fc.Arbitrary<Partial<Server>> = fc.record(
  {
    handshake: fc.constantFrom('accepted', 'refused', 'unanswered'),
    isTicking: fc.boolean(),
    isHeard: fc.boolean(),
    answersAfterMs: fc.option(fc.constantFrom(1, 20, 300, 1_500)),
    askShare: fc.double({ min: 0, max: 1, noNaN: true }),
    state: fc.constantFrom<Server['state']>('answered', 'answered', 'failing', 'unanswered', 401, 403, 503),
    stateAfterMs: fc.constantFrom(1, 20, 900, 3_000, 10_000),
    retryAfterMs: fc.option(fc.integer({ min: 1, max: maxRetryAfterMs })),
    intervalMs: fc.constantFrom(50, 500, 1_000, 5_000),
    spreadMs: fc.constantFrom(0, 500, 8_000, 1e9),
  },
  { requiredKeys: [] },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ pass: fc.integer({ min: 0, max: 15_000 }) }), weight: 50 },
  { arbitrary: fc.record({ server }), weight: 40 },
  { arbitrary: fc.constant<Step>({ server: healthy }), weight: 30 },
  {
    arbitrary: fc.record({ close: fc.constantFrom(1000, 1001, 1001, 1003, 1006, 1008, 1009, 1011, 1013, 4401) }),
    weight: 30,
  },
  {
    arbitrary: fc.record({ deliver: fc.constantFrom('', '{}', '[]', '{"sync":{"echo":0}}', '{"message":{}}') }),
    weight: 10,
  },
  { arbitrary: fc.record({ lateTick: fc.integer({ min: 0, max: 60_000 }) }), weight: 10 },
  { arbitrary: fc.record({ houseStep: fc.integer({ min: -3_600_000, max: 3_600_000 }) }), weight: 4 },
  { arbitrary: fc.record({ wallStep: fc.integer({ min: -3_600_000, max: 3_600_000 }) }), weight: 8 },
  {
    arbitrary: fc.record({
      sleep: fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 3_600_000 })),
    }),
    weight: 12,
  },
  { arbitrary: fc.record({ isDrawingBroken: fc.boolean() }), weight: 6 },
  { arbitrary: fc.record({ isVisible: fc.boolean() }), weight: 6 },
  { arbitrary: fc.constant<Step>({ resume: true }), weight: 6 },
  { arbitrary: fc.record({ wake: fc.integer({ min: 1, max: 40 }) }), weight: 20 },
);

const script = fc.array(step, { maxLength: 40, size: 'max' });
const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
  minLength: 1,
  maxLength: 20,
});

describe('after any sequence of events', () => {
  test('a screen keeps the rules and becomes live again', async () => {
    await fc.assert(fc.asyncProperty(script, chances, comesBack), { numRuns: 40, endOnFailure: true });
  }, 60_000);

  test('a stopped connection has nothing pending and starts nothing', async () => {
    await fc.assert(fc.asyncProperty(script, chances, leavesNothing), { numRuns: 60, endOnFailure: true });
  }, 60_000);
});

describe('an outage', () => {
  const outage = fc.record({
    handshake: fc.constantFrom<Server['handshake']>('refused', 'unanswered'),
    state: fc.constantFrom<Server['state']>('failing', 'unanswered', 503),
  });

  test('receives no more attempts than its windows allow', async () => {
    const random = fc.double({ min: 0.05, max: 1, noNaN: true });
    const spreadMs = fc.constantFrom(500, 600, 3_000, 8_000);
    const property = fc.asyncProperty(outage, random, spreadMs, async (server, random, spreadMs) => {
      const { attempts, lostAt } = await attemptsOf(server, random, spreadMs, 1_200_000);
      let earliest = lostAt;
      for (const [n, at] of attempts.entries()) {
        const ageMs = earliest - lostAt;
        const capMs = Math.max(ageMs < 60_000 ? 700 : ageMs < 600_000 ? 4_000 : 15_000, spreadMs);
        earliest += random * Math.min(capMs, spreadMs * 2 ** n);
        // A window is chosen at the age at which the try before it ended, which is later than the earliest.
        expect(at).toBeGreaterThanOrEqual(earliest - 1e-6);
      }
    });
    await fc.assert(property, { numRuns: 30, endOnFailure: true });
  });

  test('receives at most six attempts in five seconds if it has lasted ten minutes and the screen wakes all the time', async () => {
    const property = fc.asyncProperty(outage, async (server) => {
      const { attempts, lostAt } = await attemptsOf(server, 0.5, 500, 700_000, 50);
      const late = attempts.filter((at) => at > lostAt + 610_000);
      expect(late.length).toBeGreaterThan(5);
      // The backoff restarts: 0.5, 1, 2, 4, 8 s, of which half is waited.
      for (const at of late) {
        expect(late.filter((other) => other >= at && other < at + 4_900).length).toBeLessThanOrEqual(6);
      }
    });
    await fc.assert(property, { numRuns: 6, endOnFailure: true });
  });
});

/** When a screen tried to connect while the server was away; it woke every `wakesEveryMs`. */
async function attemptsOf(
  server: Partial<Server>,
  random: number,
  spreadMs: number,
  forMs: number,
  wakesEveryMs = Infinity,
): Promise<{ attempts: number[]; lostAt: number }> {
  const world = new ScreenWorld({ spreadMs });
  world.connection.start();
  await world.pass(3_100);
  world.random = random;
  Object.assign(world.server, server);
  world.closeBy(1006);
  const lostAt = world.now;
  while (world.now < lostAt + forMs) {
    await world.pass(Math.min(forMs, wakesEveryMs));
    if (wakesEveryMs < Infinity) world.connection.wake();
  }
  const attempts = [...world.sockets.map(({ openedAt }) => openedAt), ...world.stateRequests.map(({ at }) => at)];
  return { attempts: attempts.filter((at) => at > lostAt).toSorted((a, b) => a - b), lostAt };
}

async function comesBack(script: readonly Step[], chances: readonly number[]): Promise<void> {
  const { world, watch } = await playThrough(script, chances);
  world.server = { ...healthy };
  world.isDrawingBroken = false;
  // The longest ordered wait, the longest window, and requests that hang.
  await world.pass(maxRetryAfterMs + 2 * clientFaultMs + handshakeTimeoutMs + requestTimeoutMs + 3_000, watch);
  if (world.state === 'signed-out') await world.pass(signedOutRequestMs, watch);
  world.setVisible(true);
  await world.pass(5_000, watch);
  expect(world.state).toBe('live');
  const { length } = world.states;
  await world.pass(30_000, watch);
  expect(world.states).toHaveLength(length);
}

async function leavesNothing(script: readonly Step[], chances: readonly number[]): Promise<void> {
  const { world } = await playThrough(script, chances);
  world.connection.stop();
  world.painter.stop();
  // A request is cancelled in a microtask.
  await world.pass(0);
  expect(world.pending).toBe(0);
  expect(world.openSockets).toEqual([]);
  const { length } = world.sockets;
  await world.pass(600_000);
  world.connection.wake();
  world.wallStepMs += 60_000;
  world.connection.detectClockJump();
  expect(world.pending).toBe(0);
  expect(world.sockets).toHaveLength(length);
}

async function playThrough(
  script: readonly Step[],
  chances: readonly number[],
): Promise<{ world: ScreenWorld; watch: () => void }> {
  const world = new ScreenWorld();
  const watch = watcher(world);
  let turn = 0;
  Object.defineProperty(world, 'random', { get: () => chances[(turn += 1) % chances.length] });
  world.connection.start();
  for (const one of script) {
    await play(world, one, watch);
    watch();
  }
  return { world, watch };
}

async function play(world: ScreenWorld, one: Step, watch: () => void): Promise<void> {
  if ('pass' in one) await world.pass(one.pass, watch);
  else if ('server' in one) Object.assign(world.server, one.server);
  else if ('close' in one) world.closeBy(one.close);
  else if ('deliver' in one) world.deliver(one.deliver);
  else if ('lateTick' in one) world.deliverTick(world.houseTime - one.lateTick);
  else if ('houseStep' in one) world.stepHouse(one.houseStep);
  else if ('wallStep' in one) world.wallStepMs += one.wallStep;
  else if ('sleep' in one) world.sleep(one.sleep);
  else if ('isDrawingBroken' in one) world.isDrawingBroken = one.isDrawingBroken;
  else if ('isVisible' in one) world.setVisible(one.isVisible);
  else if ('resume' in one) world.connection.resume();
  else {
    for (let times = 0; times < one.wake; times += 1) {
      world.connection.wake();
      await world.pass(2, watch);
    }
  }
}

/** Fails as soon as a rule is broken; to be called after everything that happens. */
function watcher(world: ScreenWorld): () => void {
  let opened = 0;
  let painted = 0;
  let allowance: Allowance | null = null;
  return () => {
    expect(world.openSockets.length).toBeLessThanOrEqual(1);
    expect(world.pending).toBeLessThanOrEqual(mostPending);
    for (; opened < world.sockets.length; opened += 1) {
      expectWait(world.sockets[opened - 1], world.sockets[opened]);
    }
    for (const socket of world.openSockets) {
      const full = { socket, tokens: 20, filledAt: socket.openedAt, counted: 0 };
      allowance = withinLimit(socket, allowance?.socket === socket ? allowance : full);
    }
    for (; painted < world.paints.length; painted += 1) expectRightSecond(world, painted);
    if (world.state === 'live') expectRightToClaim(world);
    if (world.state === 'signed-out') expect(world.openSockets).toEqual([]);
  };
}

/** The ticks are fresh, the server responded recently, and the second now due was drawn. */
function expectRightToClaim(world: ScreenWorld): void {
  const limitMs = Math.max(2_000, 1.5 * world.receivedIntervalMs);
  const errorMs = world.connection.house.errorMs ?? 0;
  // After a step of the house's clock, nobody can tell how old a tick is that was made before.
  if (world.houseStepMs === 0 && world.sleptMs === 0) {
    expect(world.now - world.newestTickAt).toBeLessThanOrEqual(limitMs + errorMs);
  }
  expect(world.now - world.lastFrameAt).toBeLessThanOrEqual(2_000);
  const visibleSince = world.visibleSince ?? Infinity;
  expect(Math.min(world.now - (world.paints.at(-1)?.at ?? 0), world.now - visibleSince)).toBeLessThanOrEqual(1_500);
}

function expectWait(last: FakeSocket | undefined, next: FakeSocket | undefined): void {
  if (last === undefined || next === undefined) return;
  if (last.end === null) throw new Error('a socket was opened while another was');
  const { at, code } = last.end;
  const waitMs = next.openedAt - at;
  if (code !== null && [1003, 1008, 1009, 1013].includes(code)) expect(waitMs).toBe(clientFaultMs);
  else if (code === 1001 && last.hasTicked) expect(waitMs).toBeLessThanOrEqual(500);
}

/** Each second is painted once, in order, and within the stated error. */
function expectRightSecond(world: ScreenWorld, index: number): void {
  const [before, paint] = [world.paints[index - 1], world.paints[index]];
  if (paint === undefined) throw new Error('there is no such paint');
  const { at, instant, houseTime, errorMs } = paint;
  expect(instant % 1_000).toBe(0);
  expect(instant).not.toBe(before?.instant);
  expect(errorMs).not.toBeNull();
  // A step of the house's clock shows only with the next tick or response.
  if (at - world.steppedAt < 2_100) return;
  const lateMs = houseTime - instant;
  const errorMarginMs = (errorMs ?? 0) + shortSleepMs + frameMs;
  expect(lateMs).toBeGreaterThanOrEqual(-errorMarginMs);
  expect(lateMs).toBeLessThanOrEqual(1_000 + errorMarginMs);
  const wasStepped = before === undefined || before.at < Math.max(world.steppedAt + 2_100, world.sleptAt);
  if (!wasStepped) expect(instant).toBeGreaterThan(before.instant);
}

/** The server's limit: 20 messages at once and 2 a second. Returns what remains, after the messages since `before`. */
function withinLimit(socket: FakeSocket, before: Allowance): Allowance {
  let { tokens, filledAt } = before;
  for (const { at } of socket.sent.slice(before.counted)) {
    tokens = Math.min(20, tokens + (at - filledAt) * 0.002) - 1;
    filledAt = at;
    expect(tokens).toBeGreaterThanOrEqual(0);
  }
  return { socket, tokens, filledAt, counted: socket.sent.length };
}

interface Allowance {
  socket: FakeSocket;
  tokens: number;
  filledAt: number;
  /** The messages that were counted. */
  counted: number;
}
