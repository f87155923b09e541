import type { Job, PushResult, Ticks } from '../../src/backend/ticks.ts';
import { until } from './until.ts';

/** Acquires the lease and pushes a job, again if a stall of the machine ended the lease in between. */
export async function pushAsLeader(ticks: Ticks, job: Job, owner = 'beat'): Promise<PushResult> {
  return until(async () => {
    const lease = await ticks.acquireLease(owner);
    const result = lease === null ? 'not-leader' : await ticks.push(job, owner, lease.term);
    return result === 'not-leader' ? null : result;
  }, 'a push by the leader');
}
