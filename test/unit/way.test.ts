import { beforeEach, describe, expect, test } from 'vitest';
import { Way } from '../../src/client/way.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A server that answers a try after `answersAfterMs`, and counts how often an attempt was to be begun anew. */
class Path extends VirtualClock {
  answersAfterMs = 10;
  isReachable = true;
  begun: number[] = [];
  readonly way = new Way({
    now: () => this.now,
    schedule: (run, delayMs) => this.schedule(run, delayMs),
    partOfSpread: () => 0,
    isReachable: () => {
      const { isReachable } = this;
      return new Promise((resolve) => this.schedule(() => resolve(isReachable), this.answersAfterMs));
    },
    onOpen: () => {
      this.begun.push(this.now);
      this.way.attempt();
    },
  });
}

let path: Path;
beforeEach(() => {
  path = new Path(1_000);
});

describe('a way', () => {
  test('that is open although the attempt hangs has it begun anew', async () => {
    path.way.attempt();
    await path.pass(500);
    expect(path.begun).toHaveLength(1);
  });

  test('that is not open leaves the attempt alone', async () => {
    path.isReachable = false;
    path.way.attempt();
    await path.pass(10_000);
    expect(path.begun).toEqual([]);
  });

  test.each([100, 300, 600])('is left as much time as a handshake over TLS takes: round trips of %s ms', async (ms) => {
    path.answersAfterMs = ms;
    path.way.attempt();
    await path.pass(4 * ms);
    expect(path.begun).toEqual([]);
  });

  test('that answers when the attempt is over already changes nothing', async () => {
    path.answersAfterMs = 50;
    path.way.attempt();
    await path.pass(410);
    path.way.clear();
    await path.pass(10_000);
    expect(path.begun).toEqual([]);
  });

  test('is tried ever less hastily where it never helps, until the server is heard', async () => {
    path.way.attempt();
    await path.pass(30_000);
    const hasty = (path.begun[1] ?? 0) - (path.begun[0] ?? 0);
    const patient = (path.begun.at(-1) ?? 0) - (path.begun.at(-2) ?? 0);
    expect(patient).toBeGreaterThan(8 * hasty);
    path.way.heard();
    path.begun = [];
    path.way.attempt();
    await path.pass(500);
    expect(path.begun).toHaveLength(1);
  });
});
