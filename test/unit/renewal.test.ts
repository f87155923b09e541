import { beforeEach, describe, expect, test } from 'vitest';
import { Renewal } from '../../src/client/renewal.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

describe('renewal', () => {
  let clock: VirtualClock;
  let stored: Map<string, string>;
  let served: string;
  let reloads: number[];
  let renewal: Renewal;

  beforeEach(() => {
    clock = new VirtualClock(0);
    stored = new Map();
    served = 'new';
    reloads = [];
    renewal = make();
  });

  function make(): Renewal {
    return new Renewal({
      build: 'old',
      schedule: (run, delayMs) => clock.schedule(run, delayMs),
      random: () => 0.5,
      memory: { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => void stored.set(key, value) },
      isServed: async (build) => build === served,
      reload: () => reloads.push(clock.now),
    });
  }

  test('reloads for a new build within five minutes, at a random moment', async () => {
    renewal.onBuild('new');
    renewal.onBuild('new');
    await clock.pass(600_000);
    expect(reloads).toEqual([120_000]);
  });

  test('waits for a server that is ready and delivers it', async () => {
    served = 'old';
    renewal.onBuild('new');
    await clock.pass(150_000);
    served = 'new';
    await clock.pass(20_000);
    expect(reloads).toHaveLength(1);
  });

  test('reloads once for each build, even if the old one is delivered', async () => {
    renewal.onBuild('new');
    await clock.pass(300_000);
    make().onBuild('new');
    await clock.pass(300_000);
    expect(reloads).toHaveLength(1);
  });

  test('does not reload if the server returns to the build of the page', async () => {
    renewal.onBuild('new');
    renewal.onBuild('old');
    await clock.pass(300_000);
    expect(reloads).toEqual([]);
  });
});
