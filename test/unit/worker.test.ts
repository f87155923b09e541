import { describe, expect, test } from 'vitest';
import { Unavailable, type PublishResult, type Job, type Ticks } from '../../src/backend/backend.ts';
import { time } from '../../src/tasks/time.ts';
import { Zone } from '../../src/time/zone.ts';
import { Worker } from '../../src/worker/worker.ts';
import { recordedLog } from '../support/recorded-log.ts';

const at = Date.UTC(2026, 10, 25, 14, 3, 27);

function job(task: string): Job {
  return { task, at, everyMs: 500, expiresAt: at + 500 };
}

/** Lets a worker have these jobs, one after another; resolves when it has stopped after the last. */
async function worked(jobs: readonly Job[], finish: (job: Job) => PublishResult = () => 'published') {
  const waiting = [...jobs];
  const finished: string[] = [];
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
      const result = finish(done);
      finished.push(`${done.task} ${text} ${zone}`);
      return result;
    },
  } as unknown as Ticks;
  const { log, lines } = recordedLog();
  const worker = new Worker({ ticks, tasks: [time], zone: new Zone('Europe/Madrid'), log });
  await worker.start();
  await emptied.promise;
  await worker.stop();
  return { finished, published: worker.published, expired: worker.expired, messages: lines.map(({ msg }) => msg) };
}

describe('worker', () => {
  test('says the task’s text for the job’s instant, in its zone', async () => {
    const { finished, published } = await worked([job('time')]);
    expect(finished).toEqual(['time 15:03:27 Europe/Madrid']);
    expect(published).toBe(1);
  });

  test('passes over a task that it does not know, and goes on', async () => {
    const { finished, messages } = await worked([job('moon'), job('time')]);
    expect(finished).toHaveLength(1);
    expect(messages).toEqual(['unknown task skipped']);
  });

  test('counts a tick that came too late as none, and as dropped, beside those that were too old when taken', async () => {
    expect(await worked([job('time')], () => 'expired')).toMatchObject({ published: 0, expired: 2 });
  });

  test('loses the tick, and nothing else, while the backend is away', async () => {
    let away = true;
    const { published, messages } = await worked([job('time'), job('time')], () => {
      if (!away) return 'published';
      away = false;
      throw new Unavailable('redis-down');
    });
    expect(published).toBe(1);
    expect(messages).toEqual(['tick lost']);
  });
});
