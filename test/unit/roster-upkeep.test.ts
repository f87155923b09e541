import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { RosterUpkeep } from '../../src/screens/roster-upkeep.ts';
import type { Departure } from '../../src/screens/roster.ts';
import { Screens } from '../../src/screens/screens.ts';
import { MemoryRecords } from '../support/memory-records.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function world() {
  const time = { now: () => 1_000_000, errorMs: 0, offsetMs: 0 };
  const records = new MemoryRecords(time.now);
  const screens = new Screens({ records, time });
  for (const id of ['lobby', 'bar']) await screens.add(id, { name: id, group: null, face: '' }, 'ana');
  const departed: Departure[] = [];
  let releases = 0;
  const roster = { takeDeparted: (max: number) => departed.splice(0, max) };
  const upkeep = new RosterUpkeep({
    roster,
    view: { releaseIfUnused: () => (releases += 1) },
    screens,
    housekeeping: {
      add: (task) => {
        const timer = setInterval(task, 1_000);
        return () => clearInterval(timer);
      },
    },
  });
  await upkeep.start();
  const depart = (id: string, seenAt: number) => departed.push({ kind: 'screen', id, seenAt });
  const lastSeenAt = async (id: string) => (await screens.getMany([id]))[0]?.value.lastSeenAt;
  return { records, upkeep, depart, departed, lastSeenAt, releases: () => releases };
}

describe('the upkeep of the roster', () => {
  test('notes in the record when a screen that went away was last seen', async () => {
    const { upkeep, depart, lastSeenAt, releases } = await world();
    depart('lobby', 900_000);
    depart('removed', 900_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([await lastSeenAt('lobby'), await lastSeenAt('bar'), releases()]).toEqual([900_000, undefined, 1]);
    depart('lobby', 800_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await lastSeenAt('lobby')).toBe(900_000);
    await upkeep.stop();
  });

  test('notes a few at a time', async () => {
    const { upkeep, depart, departed } = await world();
    for (let n = 0; n < 30; n++) depart(`screen-${n}`, 900_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(departed).toHaveLength(10);
    await upkeep.stop();
  });

  test('continues after an outage', async () => {
    const { records, upkeep, depart, lastSeenAt } = await world();
    records.isAway = true;
    depart('lobby', 900_000);
    await vi.advanceTimersByTimeAsync(1_000);
    records.isAway = false;
    depart('bar', 900_000);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await lastSeenAt('bar')).toBe(900_000);
    await upkeep.stop();
  });

  test('leaves no timer after the stop', async () => {
    const { upkeep } = await world();
    await upkeep.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
