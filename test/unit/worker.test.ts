import { describe, expect, test } from 'vitest';
import { Unavailable } from '../../src/backend/backend.ts';
import type { PublishResult, Job, Ticks } from '../../src/backend/ticks.ts';
import { time } from '../../src/tasks/time.ts';
import { Zone } from '../../src/time/zone.ts';
import { Worker } from '../../src/worker/worker.ts';
import { recordedLog } from '../support/recorded-log.ts';

const at = Date.UTC(2026, 10, 25, 14, 3, 27);

function job(task: string): Job {
  return { task, at, everyMs: 500, expiresAt: at + 500 };
}

/** Runs a worker on these jobs, one after another. Resolves when it has stopped after the last. */
async function runWorker(jobs: readonly Job[], onPublish: (job: Job) => PublishResult = () => 'published') {
  const waiting = [...jobs];
  const publications: string[] = [];
  const emptied = Promise.withResolvers<void>();
  const ticks = {
    pop: async (signal: AbortSignal) => {
      const next = waiting.shift();
      if (next !== undefined) return next;
      emptied.resolve();
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(null)));
    },
    expiredJobs: 1,
    publish: async (done: Job, text: string, zone: string) => {
      const result = onPublish(done);
      publications.push(`${done.task} ${text} ${zone}`);
      return result;
    },
  } as unknown as Ticks;
  const { log, lines } = recordedLog();
  const worker = new Worker({ ticks, tasks: [time], zone: new Zone('Europe/Madrid'), log });
  await worker.start();
  await emptied.promise;
  await worker.stop();
  return { publications, published: worker.published, expired: worker.expired, lines };
}

describe('worker', () => {
  test('publishes the text of the task for the instant of the job, in its zone', async () => {
    const { publications, published } = await runWorker([job('time')]);
    expect(publications).toEqual(['time 15:03:27 Europe/Madrid']);
    expect(published).toBe(1);
  });

  test('skips a task that it does not have, and logs it once', async () => {
    const { publications, lines } = await runWorker([job('moon'), job('moon'), job('time')]);
    expect(publications).toHaveLength(1);
    expect(lines.map(({ msg }) => msg)).toEqual(['unknown task skipped']);
  });

  test('counts a tick that expired while its task ran, and those that expired in the queue', async () => {
    expect(await runWorker([job('time')], () => 'expired')).toMatchObject({ published: 0, expired: 2 });
  });

  test('loses ticks during an outage, and logs its begin, its change and its end', async () => {
    const results = ['redis-down', 'redis-down', 'redis-down', 'redis-full', 'redis-full', null, null] as const;
    const remaining = [...results];
    const jobs = results.map(() => job('time'));
    const { published, lines } = await runWorker(jobs, () => {
      const outage = remaining.shift() ?? null;
      if (outage !== null) throw new Unavailable(outage);
      return 'published';
    });
    expect(published).toBe(2);
    expect(lines.map(({ msg, outage }) => [msg, outage])).toEqual([
      ['ticks are lost', 'redis-down'],
      ['ticks are lost', 'redis-full'],
      ['ticks are published again', undefined],
    ]);
  });

  test('logs a task that fails once, and continues', async () => {
    const { lines } = await runWorker([job('time'), job('time')], () => {
      throw new Error('out of order');
    });
    expect(lines.map(({ msg }) => msg)).toEqual(['task failed']);
  });
});
