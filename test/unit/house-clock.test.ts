import { beforeEach, describe, expect, test } from 'vitest';
import { HouseClock } from '../../src/client/house-clock.ts';

const ahead = 1_763_906_607_000;
let now: number;
let wall: number;
let house: HouseClock;

beforeEach(() => {
  now = 1_000;
  wall = 5_000_000;
  house = new HouseClock({ now: () => now, wall: () => wall + now });
});

/** An exchange with these delays; house time differs by `offByMs` from what it was at first. */
function exchange(upMs: number, downMs: number, offByMs = 0, errorMs = 0): boolean {
  const sentAt = now;
  now += upMs;
  const received = ahead + now + offByMs;
  now += downMs;
  return house.add({ sentAt, received, sent: received, arrivedAt: now }, errorMs);
}

/** The error of the stated house time. */
function wrongMs(): number {
  return (house.now() ?? Number.NaN) - ahead - now;
}

describe('house time', () => {
  test('is unknown before the first exchange and right after it', () => {
    expect(house.now()).toBeNull();
    expect(house.errorMs).toBeNull();
    expect(house.isHeld).toBe(true);
    exchange(10, 10);
    expect(wrongMs()).toBeCloseTo(0, 5);
    expect(house.errorMs).toBeCloseTo(11, 2);
    expect(house.isHeld).toBe(false);
  });

  test('is wrong by no more than it states, on any path', () => {
    for (const [up, down] of [
      [80, 0],
      [0, 80],
      [5, 60],
      [40, 5],
    ] as const) {
      exchange(up, down);
      expect(Math.abs(wrongMs())).toBeLessThanOrEqual(house.errorMs ?? 0);
    }
    // The quickest question and the quickest answer count, although no one exchange had both.
    expect(house.errorMs).toBeLessThan(1.1);
  });

  test('adds the error of the server', () => {
    exchange(1, 1, 0, 30);
    // An epoch time in ms is a number with a resolution of 0.0002 ms.
    expect(house.errorMs).toBeCloseTo(32, 3);
  });

  test('widens its error with age, by 50 ppm', () => {
    exchange(0, 0);
    now += 100_000;
    expect(house.errorMs).toBeCloseTo(6, 3);
    expect(house.isHeld).toBe(true);
  });

  test('slews at 5 ms a second once it has settled, and states the rest as error', () => {
    for (let times = 0; times < 8; times += 1) exchange(1, 1);
    exchange(1, 1, 40);
    expect(wrongMs()).toBeCloseTo(0, 0);
    expect(house.errorMs).toBeGreaterThan(39);
    now += 1_000;
    expect(wrongMs()).toBeCloseTo(5, 0);
    now += 20_000;
    expect(wrongMs()).toBeCloseTo(40, 0);
    expect(house.steps).toBe(0);
  });

  test('steps if it is wrong by more than 100 ms, and counts the step', () => {
    for (let times = 0; times < 8; times += 1) exchange(1, 1);
    expect(exchange(1, 1, -150)).toBe(true);
    expect(wrongMs()).toBeCloseTo(-150, 0);
    expect(house.steps).toBe(1);
  });

  test('keeps its estimate on a new socket, until a better exchange arrives', () => {
    exchange(1, 1);
    house.widenError();
    expect(house.isHeld).toBe(true);
    expect(wrongMs()).toBeCloseTo(0, 5);
    exchange(0, 400);
    expect(Math.abs(wrongMs())).toBeLessThan(3);
  });

  test('is forgotten after a tick from the future, and not after a late one', () => {
    exchange(1, 1);
    expect(house.forgetIfContradicted(ahead + now - 5_000)).toBe(false);
    expect(house.forgetIfContradicted(ahead + now + 10)).toBe(false);
    expect(house.forgetIfContradicted(ahead + now + 100)).toBe(true);
    expect(house.now()).toBeNull();
  });
});

describe('a sleep', () => {
  test('of more than a second makes house time unknown', () => {
    exchange(1, 1);
    wall += 3_600_000;
    expect(house.detectClockJump()).toBeGreaterThan(3_599_000);
    expect(house.now()).toBeNull();
    expect(house.detectClockJump()).toBeNull();
  });

  test('of less widens the error', () => {
    exchange(1, 1);
    wall += 300;
    house.detectClockJump();
    expect(house.errorMs).toBeGreaterThan(300);
    expect(house.isHeld).toBe(true);
  });

  test('is not detected if the wall clock only drifts', () => {
    exchange(1, 1);
    for (let seconds = 0; seconds < 100; seconds += 1) {
      now += 1_000;
      wall += 0.5;
      expect(house.detectClockJump()).toBeNull();
    }
  });
});
