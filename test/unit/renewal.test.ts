import { beforeEach, describe, expect, test } from 'vitest';
import { Renewal } from '../../src/client/renewal.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

describe('renewal', () => {
  let clock: VirtualClock;
  let kept: Map<string, string>;
  let served: string;
  let reloads: number[];
  let renewal: Renewal;

  beforeEach(() => {
    clock = new VirtualClock(0);
    kept = new Map();
    served = 'new';
    reloads = [];
    renewal = make();
  });

  function make(): Renewal {
    return new Renewal({
      build: 'old',
      schedule: (run, delayMs) => clock.schedule(run, delayMs),
      random: () => 0.5,
      memory: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) },
      isServed: async (build) => build === served,
      reload: () => reloads.push(clock.now),
    });
  }

  test('takes a new build within five minutes, at a moment that differs from screen to screen', async () => {
    renewal.heard('new');
    renewal.heard('new');
    await clock.pass(600_000);
    expect(reloads).toEqual([120_000]);
  });

  test('waits for a server that is ready and has it', async () => {
    served = 'old';
    renewal.heard('new');
    await clock.pass(150_000);
    served = 'new';
    await clock.pass(20_000);
    expect(reloads).toHaveLength(1);
  });

  test('reloads once for each build, even if it gets the old one', async () => {
    renewal.heard('new');
    await clock.pass(300_000);
    make().heard('new');
    await clock.pass(300_000);
    expect(reloads).toHaveLength(1);
  });

  test('stays where the server went back to its build', async () => {
    renewal.heard('new');
    renewal.heard('old');
    await clock.pass(300_000);
    expect(reloads).toEqual([]);
  });
});
