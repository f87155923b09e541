import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { carryOut, recovered, type Scene } from '../../bench/soak/carry-out.ts';
import { ExpiredTicks } from '../../bench/soak/expired-ticks.ts';
import { restartList } from '../../bench/soak/fault-list.ts';
import { SoakInstallation } from '../../bench/soak/installation.ts';
import { ledgerOf } from '../../bench/soak/ledger-of.ts';
import { Population } from '../../bench/soak/population.ts';
import { Stalls } from '../../bench/soak/stalls.ts';
import { until } from '../support/until.ts';

const clients = 40;
const sockets = 1_000;

describe(`an installation with ${clients} clients`, () => {
  let scene: Scene;
  beforeAll(async () => {
    const installation = await SoakInstallation.start();
    scene = { installation, population: await Population.start(installation, clients) };
  });
  afterAll(async () => {
    scene.population.stop();
    await scene.installation.stop();
  });

  test('has as many descriptors as before after many sockets were opened and closed', async () => {
    const { web: webs } = scene.installation.slots;
    const before = await Promise.all(webs.map((slot) => slot.descriptors()));
    await carryOut([{ atMs: 0, faults: [{ kind: 'churn', count: sockets }] }], scene, () => {});
    for (const [index, slot] of webs.entries()) {
      const most = (before[index] ?? 0) + 2;
      await until(async () => (await slot.descriptors()) <= most, 'the descriptors are closed', 60_000, 250);
    }
  });

  test('loses no tick on an open socket while every process is restarted, and signs nobody out', async () => {
    const stalls = new Stalls(() => scene.installation.pids);
    const expiredTicks = new ExpiredTicks(scene.installation.slots.web);
    const from = Date.now();
    const incidents = await carryOut(restartList(1), scene, () => {});
    await recovered(scene);
    stalls.stop();
    expiredTicks.stop();
    await scene.population.checkSessions(stalls.delays);
    const { counts, unexplained } = ledgerOf(scene, { incidents, expiredTicks, stalls }, from);
    expect(unexplained).toEqual([]);
    expect(counts.repeated).toBe(0);
    expect(counts.received).toBeGreaterThan(0);
    expect(scene.population.sessionFaults).toEqual([]);
  });
});
