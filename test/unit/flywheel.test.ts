import { beforeEach, describe, expect, test } from 'vitest';
import { Flywheel } from '../../src/client/flywheel.ts';

const ahead = 1_763_906_607_000;
let now: number;
let wall: number;
let flywheel: Flywheel;

beforeEach(() => {
  now = 1_000;
  wall = 5_000_000;
  flywheel = new Flywheel({ now: () => now, wall: () => wall + now });
});

/** An exchange that takes so long either way; the house is `offByMs` off the time it had at first. */
function exchange(upMs: number, downMs: number, offByMs = 0, errorMs = 0): boolean {
  const sentAt = now;
  now += upMs;
  const received = ahead + now + offByMs;
  now += downMs;
  return flywheel.add({ sentAt, received, sent: received, arrivedAt: now }, errorMs);
}

/** How far house time as it is told is off. */
function wrongMs(): number {
  return (flywheel.now() ?? Number.NaN) - ahead - now;
}

describe('house time', () => {
  test('is not known before the first exchange, and right after it', () => {
    expect(flywheel.now()).toBeNull();
    expect(flywheel.errorMs).toBeNull();
    expect(flywheel.isHeld).toBe(true);
    exchange(10, 10);
    expect(wrongMs()).toBeCloseTo(0, 5);
    expect(flywheel.errorMs).toBeCloseTo(11, 2);
    expect(flywheel.isHeld).toBe(false);
  });

  test('is off by no more than it says, whatever the way', () => {
    for (const [up, down] of [
      [80, 0],
      [0, 80],
      [5, 60],
      [40, 5],
    ] as const) {
      exchange(up, down);
      expect(Math.abs(wrongMs())).toBeLessThanOrEqual(flywheel.errorMs ?? 0);
    }
    // The quickest question and the quickest answer count, although no one exchange had both.
    expect(flywheel.errorMs).toBeLessThan(1.1);
  });

  test('takes the error of the server for its own', () => {
    exchange(1, 1, 0, 30);
    expect(flywheel.errorMs).toBeCloseTo(32, 5);
  });

  test('grows doubtful with age, by 50 ppm', () => {
    exchange(0, 0);
    now += 100_000;
    expect(flywheel.errorMs).toBeCloseTo(6, 5);
    expect(flywheel.isHeld).toBe(true);
  });

  test('slews at 5 ms a second once it has settled, and says that it does', () => {
    for (let times = 0; times < 8; times += 1) exchange(1, 1);
    exchange(1, 1, 40);
    expect(wrongMs()).toBeCloseTo(0, 0);
    expect(flywheel.errorMs).toBeGreaterThan(39);
    now += 1_000;
    expect(wrongMs()).toBeCloseTo(5, 0);
    now += 20_000;
    expect(wrongMs()).toBeCloseTo(40, 0);
    expect(flywheel.steps).toBe(0);
  });

  test('steps where it is wrong by more than 100 ms, and counts it', () => {
    for (let times = 0; times < 8; times += 1) exchange(1, 1);
    expect(exchange(1, 1, -150)).toBe(true);
    expect(wrongMs()).toBeCloseTo(-150, 0);
    expect(flywheel.steps).toBe(1);
  });

  test('keeps what it knows over a new line, and takes no worse for better', () => {
    exchange(1, 1);
    flywheel.doubt();
    expect(flywheel.isHeld).toBe(true);
    expect(wrongMs()).toBeCloseTo(0, 5);
    exchange(0, 400);
    expect(Math.abs(wrongMs())).toBeLessThan(3);
  });

  test('is refuted by a tick from the future, and by no late one', () => {
    exchange(1, 1);
    expect(flywheel.ticked(ahead + now - 5_000)).toBe(false);
    expect(flywheel.ticked(ahead + now + 10)).toBe(false);
    expect(flywheel.ticked(ahead + now + 100)).toBe(true);
    expect(flywheel.now()).toBeNull();
  });
});

describe('a sleep', () => {
  test('of a second or more forgets everything', () => {
    exchange(1, 1);
    wall += 3_600_000;
    expect(flywheel.look()).toBeGreaterThan(3_599_000);
    expect(flywheel.now()).toBeNull();
    expect(flywheel.look()).toBeNull();
  });

  test('of less is stated as error', () => {
    exchange(1, 1);
    wall += 300;
    flywheel.look();
    expect(flywheel.errorMs).toBeGreaterThan(300);
    expect(flywheel.isHeld).toBe(true);
  });

  test('is not what a device clock that goes a little wrong looks like', () => {
    exchange(1, 1);
    for (let seconds = 0; seconds < 100; seconds += 1) {
      now += 1_000;
      wall += 0.5;
      expect(flywheel.look()).toBeNull();
    }
  });
});
