import { describe, expect, test } from 'vitest';
import { brokenPromises, clusterFailover, sentinelFailover } from '../support/failover.ts';

const clients = 200;

describe(`${clients} clients`, () => {
  test('stay signed in when the master of a group of sentinels is killed, and miss ticks for at most 3 s more', async () => {
    expect(brokenPromises(await sentinelFailover(clients), true)).toEqual([]);
  });

  test('stay signed in in a cluster, and miss ticks only when the master of their slot is killed', async () => {
    const { others, own } = await clusterFailover(clients);
    expect(brokenPromises(others, false)).toEqual([]);
    expect(brokenPromises(own, true)).toEqual([]);
  });
});
