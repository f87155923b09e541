import fc from 'fast-check';
import { expect, test } from 'vitest';
import { longestDelayMs } from '../../src/client/retry.ts';
import { type FakeSocket, healthy, ScreenWorld, type Server } from '../support/screen-world.ts';

const longestOrderMs = 20_000;
const frameMs = 17;
/** So long a sleep goes unseen until a tick tells. */
const shortSleepMs = 70;
const askWithinMs = 5_000;
const openWithinMs = 5_000;

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
  | { resume: true }
  | { wake: number };

const server: fc.Arbitrary<Partial<Server>> = fc.record(
  {
    handshake: fc.constantFrom('accepted', 'refused', 'unanswered'),
    isTicking: fc.boolean(),
    isHeard: fc.boolean(),
    answersAfterMs: fc.option(fc.constantFrom(1, 20, 300, 1_500)),
    askShare: fc.double({ min: 0, max: 1, noNaN: true }),
    state: fc.constantFrom<Server['state']>('answered', 'answered', 'failing', 'unanswered', 503),
    retryAfterMs: fc.option(fc.integer({ min: 0, max: longestOrderMs })),
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
    arbitrary: fc.record({ close: fc.constantFrom(1000, 1001, 1001, 1003, 1006, 1008, 1009, 1011, 1013) }),
    weight: 30,
  },
  { arbitrary: fc.constant<Step>({ close: 4401 }), weight: 2 },
  { arbitrary: fc.constant<Step>({ server: { handshake: 'refused', state: 401 } }), weight: 2 },
  {
    arbitrary: fc.record({ deliver: fc.constantFrom('', '{}', '[]', '{"sync":{"echo":0}}', '{"message":{}}') }),
    weight: 10,
  },
  { arbitrary: fc.record({ lateTick: fc.integer({ min: 0, max: 60_000 }) }), weight: 10 },
  { arbitrary: fc.record({ houseStep: fc.integer({ min: -3_600_000, max: 3_600_000 }) }), weight: 4 },
  { arbitrary: fc.record({ wallStep: fc.integer({ min: -3_600_000, max: 3_600_000 }) }), weight: 4 },
  {
    arbitrary: fc.record({
      sleep: fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.integer({ min: 1, max: 3_600_000 })),
    }),
    weight: 12,
  },
  { arbitrary: fc.constant<Step>({ resume: true }), weight: 6 },
  { arbitrary: fc.record({ wake: fc.integer({ min: 1, max: 40 }) }), weight: 20 },
);

test('whatever happens, a screen keeps the rules and comes back', async () => {
  const script = fc.array(step, { maxLength: 40, size: 'max' });
  const chances = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
    minLength: 1,
    maxLength: 20,
  });
  await fc.assert(fc.asyncProperty(script, chances, playThrough), { numRuns: 60, endOnFailure: true });
}, 60_000);

async function playThrough(script: readonly Step[], chances: readonly number[]): Promise<void> {
  const world = new ScreenWorld();
  const watch = watcher(world);
  let turn = 0;
  Object.defineProperty(world, 'random', { get: () => chances[(turn += 1) % chances.length] });
  world.connection.start();
  for (const one of script) {
    await play(world, one, watch);
    watch();
  }

  world.server = { ...healthy };
  await world.pass(longestOrderMs + longestDelayMs + openWithinMs + askWithinMs + 3_000, watch);
  if (world.state === 'signed-out') return;
  expect(world.state).toBe('live');
  const { length } = world.states;
  await world.pass(30_000, watch);
  expect(world.states).toHaveLength(length);
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
  let signedOutWith: { sockets: number; asks: number } | null = null;
  return () => {
    expect(world.live.length).toBeLessThanOrEqual(1);
    for (; opened < world.sockets.length; opened += 1) {
      expectWait(world, world.sockets[opened - 1], world.sockets[opened]);
    }
    for (const socket of world.live) expectWithinBucket(socket);
    for (; painted < world.paints.length; painted += 1) expectRightSecond(world, painted);
    if (world.state === 'live') {
      const limitMs = Math.max(2_000, 1.5 * world.toldIntervalMs);
      // Once the house's clock was set, nobody can tell how old a tick is that was made before.
      const doubtMs = world.connection.house.errorMs ?? 0;
      if (world.houseStepMs === 0 && world.sleptMs === 0) {
        expect(world.now - world.tickedAt).toBeLessThanOrEqual(limitMs + doubtMs);
      }
      expect(world.now - world.heardAt).toBeLessThanOrEqual(2_000);
    }
    if (world.state !== 'signed-out') return;
    const { sockets, asks } = world;
    signedOutWith ??= { sockets: sockets.length, asks: asks.length };
    expect({ sockets: sockets.length, asks: asks.length }).toEqual(signedOutWith);
    expect(world.live).toEqual([]);
  };
}

function expectWait({ reaches }: ScreenWorld, last: FakeSocket | undefined, next: FakeSocket | undefined): void {
  if (last === undefined || next === undefined) return;
  if (last.end === null) throw new Error('a socket was opened while another was');
  const { at, code } = last.end;
  const waitMs = next.openedAt - at;
  if (code !== null && [1003, 1008, 1009, 1013].includes(code)) expect(waitMs).toBe(longestDelayMs);
  else if (code === 1001 && last.isHeard) expect(waitMs).toBeLessThanOrEqual(500);
  else if (last.isOpen) expect(waitMs).toBeLessThanOrEqual(longestDelayMs);
  else {
    // Where nobody answers, that is asked again and again, and no handshake is begun.
    const tries = [at, ...reaches.filter((one) => one > at && one < next.openedAt), next.openedAt];
    const longestMs = Math.max(...tries.slice(1).map((one, index) => one - (tries[index] ?? 0)));
    expect(longestMs).toBeLessThanOrEqual(Math.max(longestOrderMs, longestDelayMs, askWithinMs) + 20);
  }
}

/** No second is painted that it is not, none twice in a row, and each within the error that was stated. */
function expectRightSecond(world: ScreenWorld, index: number): void {
  const [before, paint] = [world.paints[index - 1], world.paints[index]];
  if (paint === undefined) throw new Error('there is no such paint');
  const { at, instant, houseTime, errorMs } = paint;
  expect(instant % 1_000).toBe(0);
  expect(instant).not.toBe(before?.instant);
  expect(errorMs).not.toBeNull();
  // Until a tick or an answer tells, nobody can know that the house set its clock.
  if (at - world.steppedAt < 2_100) return;
  const lateMs = houseTime - instant;
  const doubtMs = (errorMs ?? 0) + shortSleepMs + frameMs;
  expect(lateMs).toBeGreaterThanOrEqual(-doubtMs);
  expect(lateMs).toBeLessThanOrEqual(1_000 + doubtMs);
  const wasStepped = before === undefined || before.at < Math.max(world.steppedAt + 2_100, world.sleptAt);
  if (!wasStepped) expect(instant).toBeGreaterThan(before.instant);
}

/** What the server counts: 20 at once, and 2 a second. */
function expectWithinBucket(socket: FakeSocket): void {
  let tokens = 20;
  let filledAt = socket.openedAt;
  for (const { at } of socket.sent) {
    tokens = Math.min(20, tokens + (at - filledAt) * 0.002) - 1;
    filledAt = at;
    expect(tokens).toBeGreaterThanOrEqual(0);
  }
}
