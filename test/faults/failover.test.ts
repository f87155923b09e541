import { describe, expect, test } from 'vitest';
import { clusterFailover, sentinelFailover, type FailoverResult } from '../support/failover.ts';

const clients = 200;
const intervalMs = 500;

/** Nobody was signed out, no ended session is valid again, and no screen was wrong. */
function expectUnharmed({ closeCodes, falsehoods, endedStatuses }: FailoverResult): void {
  expect(closeCodes).not.toContain(4401);
  expect(falsehoods).toEqual([]);
  expect(endedStatuses).toEqual([401]);
}

/** Ticks are missing for at most 3 s beyond the time that Redis itself needs. */
function expectShortGap({ gapMs, promotionMs, stalledMs }: FailoverResult): void {
  expect(gapMs - promotionMs - stalledMs).toBeLessThanOrEqual(3_000);
}

describe(`${clients} clients`, () => {
  test('stay signed in when the master of a group of sentinels is killed, and miss ticks for at most 3 s more', async () => {
    const result = await sentinelFailover(clients);
    expectUnharmed(result);
    expectShortGap(result);
  });

  test('stay signed in in a cluster, and miss ticks only when the master of their slot is killed', async () => {
    const { others, own } = await clusterFailover(clients);
    for (const result of [others, own]) expectUnharmed(result);
    expect(others.gapMs - others.stalledMs).toBeLessThanOrEqual(intervalMs);
    expectShortGap(own);
  });
});
