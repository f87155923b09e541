import { describe, expect, test } from 'vitest';
import { nextPaintAction, Painter, type PaintMoment } from '../../src/client/painter.ts';
import { healthy, liveWorld, ScreenWorld } from '../support/screen-world.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

describe('nextPaintAction', () => {
  const second = 1_763_906_607_000;
  const moment: PaintMoment = { now: second, painted: second, isStepped: false, nextFrameMs: null, aheadMs: 20 };

  test.each<[string, Partial<PaintMoment>, ReturnType<typeof nextPaintAction>]>([
    ['waits while house time is unknown', { now: null }, { paint: null, againAfterMs: 50, wantsFrame: false }],
    [
      'paints the current second first',
      { now: second + 300, painted: -Infinity },
      { paint: second, againAfterMs: 680, wantsFrame: false },
    ],
    [
      'waits until shortly before the next second',
      { now: second + 300 },
      { paint: null, againAfterMs: 680, wantsFrame: false },
    ],
    ['then requests a frame', { now: second + 980 }, { paint: null, againAfterMs: 20, wantsFrame: true }],
    [
      'requests another frame if more frames come before the second',
      { now: second + 980, nextFrameMs: 16 },
      { paint: null, againAfterMs: 20, wantsFrame: true },
    ],
    [
      'waits for the second if the frame after it is nearer',
      { now: second + 990, nextFrameMs: 16 },
      { paint: null, againAfterMs: 10, wantsFrame: false },
    ],
    [
      'paints the next second in the last frame before it if that is the nearest',
      { now: second + 993, nextFrameMs: 16 },
      { paint: second + 1_000, againAfterMs: 987, wantsFrame: false },
    ],
    [
      'paints the next second if the timer for it fires a little early',
      { now: second + 999 },
      { paint: second + 1_000, againAfterMs: 981, wantsFrame: false },
    ],
    [
      'does not paint again what was painted early',
      { now: second - 5 },
      { paint: null, againAfterMs: 985, wantsFrame: false },
    ],
    [
      'paints an earlier second after a step of house time',
      { now: second - 4_400, isStepped: true },
      { paint: second - 5_000, againAfterMs: 380, wantsFrame: false },
    ],
    [
      'paints no earlier second without a step',
      { now: second - 1_400 },
      { paint: null, againAfterMs: 2_380, wantsFrame: false },
    ],
  ])('%s', (_, given, action) => {
    expect(nextPaintAction({ ...moment, ...given })).toEqual(action);
  });
});

describe('painter', () => {
  test('paints each second once, in the frame nearest to its beginning', async () => {
    const world = await liveWorld();
    await world.pass(60_000);
    const paints = world.paints.slice(1);
    expect(paints.length).toBeGreaterThan(60);
    expectEachSecond(paints, 8.4);
  });

  test('paints a second when it begins if no frame comes', async () => {
    const world = await liveWorld();
    world.isDrawn = false;
    const before = world.paints.length;
    await world.pass(10_000);
    const paints = world.paints.slice(before);
    expect(paints.length).toBeGreaterThanOrEqual(10);
    expectEachSecond(paints, 1);
  });

  test('requests one frame at a time, and none after a stop', async () => {
    const world = await liveWorld();
    world.isDrawn = false;
    let mostAwaited = 0;
    for (let times = 0; times < 500; times += 1) {
      await world.pass(7);
      mostAwaited = Math.max(mostAwaited, world.pendingFrames);
      world.painter.refresh();
    }
    expect(mostAwaited).toBe(1);
    world.painter.stop();
    expect(world.pendingFrames).toBe(0);
  });

  test('paints earlier by the delay of the screen', async () => {
    const world = new ScreenWorld();
    world.painter.trimMs = 120;
    world.connection.start();
    await world.pass(10_000);
    for (const { instant, houseTime } of world.paints.slice(1)) {
      expect(Math.abs(houseTime + 120 - instant)).toBeLessThan(8.4);
    }
  });

  test('paints nothing while ticks are stale, and the current second at once afterwards', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, sendsTicks: false };
    await world.pass(10_000);
    const { length } = world.paints;
    expect(world.state).toBe('stale');
    await world.pass(10_000);
    expect(world.paints).toHaveLength(length);
    world.server = { ...healthy };
    await world.pass(1_000);
    expect(world.paints.at(-1)?.instant).toBe(Math.floor(world.houseTime / 1_000) * 1_000);
  });

  test('paints no second from before a sleep after the sleep', async () => {
    const world = await liveWorld();
    world.sleep(3_600_000);
    const before = world.paints.length;
    await world.pass(2_500);
    expect(world.state).toBe('live');
    for (const { instant, houseTime } of world.paints.slice(before)) {
      expect(houseTime - instant).toBeLessThan(1_000);
    }
  });

  test('goes back if house time is set back', async () => {
    const world = await liveWorld();
    world.stepHouse(-10_000);
    await world.pass(3_000);
    expect(world.paints.at(-1)?.instant).toBe(Math.floor(world.houseTime / 1_000) * 1_000);
  });

  test('reports a lateness of at least half a frame', async () => {
    const world = await liveWorld();
    expect(world.painter.latenessMs).toBeGreaterThanOrEqual(8.3);
    expect(world.painter.latenessMs).toBeLessThan(8.5);
  });

  test('does not count the first second after a stop as late', async () => {
    const world = await liveWorld();
    world.painter.stop();
    await world.pass(1_000 - (world.houseTime % 1_000) + 600);
    world.painter.start();
    await world.pass(100);
    expect(world.painter.latenessMs).toBeLessThan(8.5);
  });
});

describe('painter on a screen of its own', () => {
  const frameMs = 10;

  /** A painter with a steady house time; `pending` counts its timers and frame requests. */
  function screen(paint: (second: number) => void) {
    const clock = new VirtualClock(0);
    const world = { clock, pending: 0, frameGapMs: (): number => frameMs - (clock.now % frameMs) };
    const once = (run: () => void, delayMs: number): (() => void) => {
      let isPending = true;
      world.pending += 1;
      const end = (): void => {
        if (isPending) world.pending -= 1;
        isPending = false;
      };
      const cancel = clock.schedule(() => (end(), run()), delayMs);
      return () => (end(), cancel());
    };
    const painter = new Painter({
      house: { now: () => clock.now, steps: 0 },
      now: () => clock.now,
      schedule: once,
      requestFrame: (run) => once(() => run(clock.now), world.frameGapMs()),
      detectClockJump: () => {},
      paint,
    });
    return { world, painter };
  }

  test('leaves nothing pending after a stop, whenever that happens', async () => {
    for (let stopAfterMs = 0; stopAfterMs < 1_200; stopAfterMs += 3) {
      const { world, painter } = screen(() => {});
      painter.start();
      await world.clock.pass(stopAfterMs);
      expect(world.pending).toBeGreaterThan(0);
      painter.stop();
      expect(world.pending).toBe(0);
    }
  });

  test('leaves nothing pending if painting stops it', async () => {
    const seconds: number[] = [];
    const { world, painter } = screen((second) => {
      seconds.push(second);
      if (seconds.length === 3) painter.stop();
    });
    painter.start();
    await world.clock.pass(10_000);
    expect(seconds).toEqual([0, 1_000, 2_000]);
    expect(world.pending).toBe(0);
  });

  test('continues with the next second after an error in painting', () => {
    const { world, painter } = screen(() => {
      throw new Error('cannot draw');
    });
    expect(() => painter.start()).toThrow('cannot draw');
    expect(world.pending).toBe(1);
  });

  test('reports at least half a frame even if frames after an idle time come in quick succession', async () => {
    const { world, painter } = screen(() => {});
    let requestedAt = -Infinity;
    let framesInRow = 0;
    // As Firefox does: the second frame after an idle time comes 2 ms after the first.
    world.frameGapMs = () => {
      framesInRow = world.clock.now - requestedAt > 50 ? 1 : framesInRow + 1;
      requestedAt = world.clock.now;
      return framesInRow === 2 ? 2 : frameMs - (world.clock.now % frameMs);
    };
    painter.start();
    await world.clock.pass(30_000);
    expect(painter.latenessMs).toBe(frameMs / 2);
  });
});

/** Each second after the one before, each within this many ms of its beginning. */
function expectEachSecond(paints: ScreenWorld['paints'], withinMs: number): void {
  for (const [index, { instant, houseTime }] of paints.entries()) {
    expect(Math.abs(houseTime - instant)).toBeLessThan(withinMs);
    expect(instant).toBe((paints[0]?.instant ?? 0) + index * 1_000);
  }
}
