import { describe, expect, test } from 'vitest';
import { healthy, liveWorld, ScreenWorld } from '../support/screen-world.ts';

describe('painter', () => {
  test('paints each second once, at the frame nearest to its beginning', async () => {
    const world = await liveWorld();
    await world.pass(60_000);
    const paints = world.paints.slice(1);
    expect(paints.length).toBeGreaterThan(60);
    expectEachSecond(paints, 8.4);
  });

  test('waits for no frame that does not come: the second is written when it begins', async () => {
    const world = await liveWorld();
    world.isDrawn = false;
    const before = world.paints.length;
    await world.pass(10_000);
    const paints = world.paints.slice(before);
    expect(paints.length).toBeGreaterThanOrEqual(10);
    expectEachSecond(paints, 1);
  });

  test('asks for one frame at a time, and for none once it has stopped', async () => {
    const world = await liveWorld();
    world.isDrawn = false;
    let mostAwaited = 0;
    for (let times = 0; times < 500; times += 1) {
      await world.pass(7);
      mostAwaited = Math.max(mostAwaited, world.framesAwaited);
      world.painter.refresh();
    }
    expect(mostAwaited).toBe(1);
    world.painter.stop();
    expect(world.framesAwaited).toBe(0);
  });

  test('paints so much earlier as the screen is late', async () => {
    const world = new ScreenWorld();
    world.painter.trimMs = 120;
    world.connection.start();
    await world.pass(10_000);
    for (const { instant, houseTime } of world.paints.slice(1)) {
      expect(Math.abs(houseTime + 120 - instant)).toBeLessThan(8.4);
    }
  });

  test('paints nothing that is not live, and the present at once when it is again', async () => {
    const world = await liveWorld();
    world.server = { ...healthy, isTicking: false };
    await world.pass(10_000);
    const { length } = world.paints;
    expect(world.state).toBe('stale');
    await world.pass(10_000);
    expect(world.paints).toHaveLength(length);
    world.server = { ...healthy };
    await world.pass(1_000);
    expect(world.paints.at(-1)?.instant).toBe(Math.floor(world.houseTime / 1_000) * 1_000);
  });

  test('paints no second of before a sleep after it', async () => {
    const world = await liveWorld();
    world.sleep(3_600_000);
    const before = world.paints.length;
    await world.pass(2_500);
    expect(world.state).toBe('live');
    for (const { instant, houseTime } of world.paints.slice(before)) {
      expect(houseTime - instant).toBeLessThan(1_000);
    }
  });

  test('goes back where the house sets its clock back', async () => {
    const world = await liveWorld();
    world.stepHouse(-10_000);
    await world.pass(3_000);
    expect(world.paints.at(-1)?.instant).toBe(Math.floor(world.houseTime / 1_000) * 1_000);
  });

  test('says how late it was, and half a frame at least', async () => {
    const world = await liveWorld();
    expect(world.painter.latenessMs).toBeGreaterThanOrEqual(8.3);
    expect(world.painter.latenessMs).toBeLessThan(8.5);
  });

  test('counts the first second after a stop not as late', async () => {
    const world = await liveWorld();
    world.painter.stop();
    await world.pass(1_000 - (world.houseTime % 1_000) + 600);
    world.painter.start();
    await world.pass(100);
    expect(world.painter.latenessMs).toBeLessThan(8.5);
  });
});

/** One after the other, each within so many ms of its beginning. */
function expectEachSecond(paints: ScreenWorld['paints'], withinMs: number): void {
  for (const [index, { instant, houseTime }] of paints.entries()) {
    expect(Math.abs(houseTime - instant)).toBeLessThan(withinMs);
    expect(instant).toBe((paints[0]?.instant ?? 0) + index * 1_000);
  }
}
