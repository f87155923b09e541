import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Backend, Job, Limit } from '../../src/backend/backend.ts';
import { EmbeddedBackend } from '../../src/backend/embedded/embedded-backend.ts';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { silentLogger } from '../../src/logger.ts';
import { tickFrameAroundSeq } from '../../src/protocol.ts';
import { RedisServer } from '../support/redis-server.ts';
import { passes, until } from '../support/until.ts';

const channels = ['time', 'date'];
const log = silentLogger();

describe.concurrent('embedded backend', () => {
  keepsItsContract(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'clock-data-'));
    const backend = new EmbeddedBackend({ dataDir, channels, log, exclusive: true });
    return { backend, clean: () => rm(dataDir, { recursive: true }) };
  });
});

describe.concurrent('redis backend', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  keepsItsContract(async () => {
    const target = parseRedisTarget(server.url);
    return { backend: new RedisBackend({ target, prefix: `${randomUUID()}:`, channels, log }), clean: async () => {} };
  });
});

/** The contract of `backend.ts`: what any backend promises. Each test has a backend of its own, with nothing in it. */
function keepsItsContract(create: () => Promise<{ backend: Backend; clean: () => Promise<void> }>): void {
  function promise(what: string, check: (backend: Backend) => Promise<void>): void {
    test(what, async () => {
      const { backend, clean } = await create();
      try {
        await backend.start();
        await check(backend);
      } finally {
        await backend.stop();
        await clean();
      }
    });
  }

  /** A job for an instant `inMs` from now that stays good for ten seconds, unless told otherwise. */
  function job(backend: Backend, inMs = 0, more: Partial<Job> = {}): Job {
    const at = Math.floor(backend.time.now()) + inMs;
    return { task: 'time', at, everyMs: 500, expiresAt: at + 10_000, ...more };
  }

  async function leader(backend: Backend): Promise<number> {
    const lease = await backend.ticks.acquireLease('beat');
    expect(lease).not.toBeNull();
    return lease?.term ?? 0;
  }

  const soon = (): AbortSignal => AbortSignal.timeout(2_000);

  describe('service', () => {
    promise('is without outage once it has started', async (backend) => {
      expect(backend.outage).toBeNull();
    });

    promise('tells house time to a few ms, with its bound', async (backend) => {
      expect(Math.abs(backend.time.now() - Date.now())).toBeLessThan(50);
      expect(backend.time.errorMs).toBeLessThan(50);
    });

    promise('stops twice', async (backend) => {
      await backend.stop();
      await backend.stop();
    });

    test('stops without having started', async () => {
      const { backend, clean } = await create();
      expect(backend.outage).toBe('starting');
      await backend.stop();
      await clean();
    });
  });

  describe('lease', () => {
    promise('goes to one of many', async ({ ticks }) => {
      expect(await ticks.acquireLease('one')).not.toBeNull();
      expect(await ticks.acquireLease('other')).toBeNull();
    });

    promise("keeps its holder's term", async ({ ticks }) => {
      const first = await ticks.acquireLease('one');
      expect(await ticks.acquireLease('one')).toEqual(first);
    });

    promise('goes, with a greater term, to another when it was given up', async ({ ticks }) => {
      const term = (await ticks.acquireLease('one'))?.term ?? 0;
      await ticks.releaseLease('one', term);
      expect((await ticks.acquireLease('other'))?.term).toBeGreaterThan(term);
    });

    promise('ends after a second without renewal', async ({ ticks }) => {
      const term = (await ticks.acquireLease('one'))?.term ?? 0;
      await passes(700);
      expect(await ticks.acquireLease('other')).toBeNull();
      await passes(400);
      expect((await ticks.acquireLease('other'))?.term).toBeGreaterThan(term);
    });

    promise('is not given up by an earlier term, nor by another owner', async ({ ticks }) => {
      const term = (await ticks.acquireLease('one'))?.term ?? 0;
      await ticks.releaseLease('one', term - 1);
      await ticks.releaseLease('other', term);
      expect(await ticks.acquireLease('other')).toBeNull();
    });
  });

  describe('push', () => {
    promise('refuses whoever never led', async (backend) => {
      expect(await backend.ticks.push(job(backend), 'beat', 1)).toBe('not-leader');
    });

    promise('refuses another owner or term than the lease has', async (backend) => {
      const term = await leader(backend);
      expect(await backend.ticks.push(job(backend), 'other', term)).toBe('not-leader');
      expect(await backend.ticks.push(job(backend), 'beat', term + 1)).toBe('not-leader');
    });

    promise('refuses a leader that resigned', async (backend) => {
      const term = await leader(backend);
      await backend.ticks.releaseLease('beat', term);
      expect(await backend.ticks.push(job(backend), 'beat', term)).toBe('not-leader');
    });

    promise('refuses a leader whose lease ran out', async (backend) => {
      const term = await leader(backend);
      await passes(1_050);
      expect(await backend.ticks.push(job(backend), 'beat', term)).toBe('not-leader');
    });

    promise('takes each instant once, and none before it', async (backend) => {
      const term = await leader(backend);
      const one = job(backend);
      expect(await backend.ticks.push(one, 'beat', term)).toBe('pushed');
      expect(await backend.ticks.push(one, 'beat', term)).toBe('duplicate');
      expect(await backend.ticks.push({ ...one, at: one.at - 500 }, 'beat', term)).toBe('duplicate');
    });

    promise('keeps the instants of tasks apart', async (backend) => {
      const term = await leader(backend);
      const one = job(backend);
      expect(await backend.ticks.push(one, 'beat', term)).toBe('pushed');
      expect(await backend.ticks.push({ ...one, task: 'date' }, 'beat', term)).toBe('pushed');
    });

    promise('takes an instant before one that lies more than an expiry ahead', async (backend) => {
      const term = await leader(backend);
      const ahead = job(backend, 5_000, { expiresAt: backend.time.now() + 5_500 });
      const due = job(backend, 0, { expiresAt: backend.time.now() + 500 });
      expect(await backend.ticks.push(ahead, 'beat', term)).toBe('pushed');
      expect(await backend.ticks.push(due, 'beat', term)).toBe('pushed');
      expect(await backend.ticks.push(due, 'beat', term)).toBe('duplicate');
    });

    promise('lets the oldest fall out of a queue that nobody empties', async (backend) => {
      const term = await leader(backend);
      const first = job(backend);
      const jobs = Array.from({ length: 30 }, (_, n) => ({ ...first, at: first.at + n }));
      await Promise.all(jobs.map((each) => backend.ticks.push(each, 'beat', term)));
      const popped = await backend.ticks.pop(soon());
      expect(popped?.at).toBe(first.at + 14);
    });
  });

  describe('pop', () => {
    promise('returns jobs as they were pushed, in order', async (backend) => {
      const term = await leader(backend);
      const [one, two] = [job(backend), job(backend, 500)];
      await backend.ticks.push(one, 'beat', term);
      await backend.ticks.push(two, 'beat', term);
      expect(await backend.ticks.pop(soon())).toEqual(one);
      expect(await backend.ticks.pop(soon())).toEqual(two);
    });

    promise('waits for a job', async (backend) => {
      const term = await leader(backend);
      const popping = backend.ticks.pop(soon());
      const one = job(backend);
      await backend.ticks.push(one, 'beat', term);
      expect(await popping).toEqual(one);
    });

    promise('gives each job to one caller only', async (backend) => {
      const term = await leader(backend);
      const popping = [backend.ticks.pop(soon()), backend.ticks.pop(soon())];
      const [one, two] = [job(backend), job(backend, 1)];
      await backend.ticks.push(one, 'beat', term);
      await backend.ticks.push(two, 'beat', term);
      const popped = await Promise.all(popping);
      expect(popped.map((each) => each?.at).toSorted()).toEqual([one.at, two.at]);
    });

    promise('passes over expired jobs, and counts them', async (backend) => {
      const term = await leader(backend);
      const late = job(backend, -1_000, { expiresAt: backend.time.now() - 500 });
      const good = job(backend);
      await backend.ticks.push(late, 'beat', term);
      await backend.ticks.push(good, 'beat', term);
      expect(await backend.ticks.pop(soon())).toEqual(good);
      expect(backend.ticks.expiredJobs).toBe(1);
    });

    promise('returns null when aborted, soon', async ({ ticks }) => {
      const abort = new AbortController();
      const popping = ticks.pop(abort.signal);
      await passes(100);
      const begin = performance.now();
      abort.abort();
      expect(await popping).toBeNull();
      expect(performance.now() - begin).toBeLessThan(700);
    });

    promise('returns null at once when aborted before', async ({ ticks }) => {
      expect(await ticks.pop(AbortSignal.abort())).toBeNull();
    });
  });

  describe('finish', () => {
    promise('publishes, and keeps the tick as the last of its channel', async (backend) => {
      const one = job(backend);
      expect(await backend.ticks.last('time')).toBeNull();
      expect(await backend.ticks.publish(one, '15:03:27', 'Europe/Madrid')).toBe('published');
      const seq = Math.floor(one.at / 50);
      const last = { text: '15:03:27', at: one.at, seq, zone: 'Europe/Madrid', everyMs: 500 };
      expect(await backend.ticks.last('time')).toEqual(last);
      expect(await backend.ticks.last('date')).toBeNull();
    });

    promise('refuses a job past its expiry', async (backend) => {
      const late = job(backend, -1_000, { expiresAt: backend.time.now() - 500 });
      expect(await backend.ticks.publish(late, '15:03:27', 'UTC')).toBe('expired');
      expect(await backend.ticks.last('time')).toBeNull();
    });

    promise('publishes each instant once, and none before it', async (backend) => {
      const one = job(backend);
      await backend.ticks.publish(one, '15:03:27', 'UTC');
      expect(await backend.ticks.publish(one, '15:03:27', 'UTC')).toBe('duplicate');
      expect(await backend.ticks.publish({ ...one, at: one.at - 1 }, '15:03:26', 'UTC')).toBe('duplicate');
    });

    promise('raises seq by one at least, also when the authority stepped back', async (backend) => {
      const ahead = job(backend, 60_000, { expiresAt: backend.time.now() + 60_500 });
      const due = job(backend, 0, { expiresAt: backend.time.now() + 500 });
      expect(await backend.ticks.publish(ahead, '15:04:27', 'UTC')).toBe('published');
      expect(await backend.ticks.publish(due, '15:03:27', 'UTC')).toBe('published');
      const last = await backend.ticks.last('time');
      expect(last).toMatchObject({ at: due.at, seq: Math.floor(ahead.at / 50) + 1 });
    });

    promise('keeps any text whole', async (backend) => {
      const text = '"quoted" \\ ünïcode 🕒 },"channel":';
      await backend.ticks.publish(job(backend), text, 'UTC');
      expect((await backend.ticks.last('time'))?.text).toBe(text);
    });
  });

  describe('subscribe', () => {
    function frames(backend: Backend): string[] {
      const handed: string[] = [];
      backend.ticks.subscribe((channel, frame) => handed.push(`${channel} ${Buffer.from(frame).toString()}`));
      return handed;
    }

    function frameOf(channel: string, text: string, at: number, seq = Math.floor(at / 50)): string {
      const [before, after] = tickFrameAroundSeq(channel, text, at);
      return `${channel} ${before}${seq}${after}`;
    }

    promise('hands on the frames of all channels, in order', async (backend) => {
      const handed = frames(backend);
      await until(() => backend.outage === null, 'the subscription');
      const expected: string[] = [];
      const first = job(backend);
      for (let n = 0; n < 20; n++) {
        const at = first.at + n * 50;
        for (const task of channels) {
          await backend.ticks.publish({ ...first, task, at }, `text ${n}`, 'UTC');
          expected.push(frameOf(task, `text ${n}`, at));
        }
      }
      await until(() => handed.length >= expected.length, 'all frames');
      expect(handed).toEqual(expected);
    });

    promise('hands on nothing of other channels', async (backend) => {
      const handed = frames(backend);
      await until(() => backend.outage === null, 'the subscription');
      const one = job(backend);
      await backend.ticks.publish({ ...one, task: 'weather' }, 'rain', 'UTC');
      await backend.ticks.publish(one, '15:03:27', 'UTC');
      await until(() => handed.length > 0, 'a frame');
      expect(handed).toEqual([frameOf('time', '15:03:27', one.at)]);
    });

    promise('hands on the last tick to one that comes late', async (backend) => {
      const one = job(backend);
      await backend.ticks.publish(one, '15:03:27', 'UTC');
      const handed = frames(backend);
      await until(() => handed.length > 0, 'the last tick');
      const next = { ...one, at: one.at + 500 };
      await backend.ticks.publish(next, '15:03:28', 'UTC');
      await until(() => handed.length > 1, 'the next tick');
      expect(handed).toEqual([frameOf('time', '15:03:27', one.at), frameOf('time', '15:03:28', next.at)]);
    });

    promise('serves several subscribers', async (backend) => {
      const [first, second] = [frames(backend), frames(backend)];
      await until(() => backend.outage === null, 'the subscription');
      const one = job(backend);
      await backend.ticks.publish(one, '15:03:27', 'UTC');
      await until(() => first.length > 0 && second.length > 0, 'both');
      expect(first).toEqual(second);
    });
  });

  describe('records', () => {
    promise('keeps what was created, under its kind and id', async ({ records }) => {
      const value = { name: 'ana', at: 1.5, tags: ['ü', '🕒'], nothing: null };
      expect(await records.create('account', 'ana', value)).toBe(true);
      expect(await records.get('account', 'ana')).toEqual(value);
      expect(await records.get('session', 'ana')).toBeNull();
      expect(await records.get('account', 'eva')).toBeNull();
    });

    promise('creates a record once, whoever races', async ({ records }) => {
      const tries = [1, 2, 3, 4].map((by) => records.create('account', 'admin', { by }));
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
      expect(await records.get('account', 'admin')).toEqual({ by: 1 });
    });

    promise('returns many in the order of their ids', async ({ records }) => {
      for (let n = 0; n < 5; n++) await records.create('token', `t${n}`, { n });
      expect(await records.getMany('token', ['t3', 'none', 't0'])).toEqual([{ n: 3 }, null, { n: 0 }]);
      expect(await records.getMany('token', [])).toEqual([]);
    });

    promise('returns a thousand and more', async ({ records }) => {
      await records.create('session', 's1100', { n: 1_100 });
      const ids = Array.from({ length: 1_200 }, (_, n) => `s${n}`);
      const found = await records.getMany('session', ids);
      expect(found).toHaveLength(1_200);
      expect(found[1_100]).toEqual({ n: 1_100 });
    });

    promise('updates what is there, and nothing else', async ({ records }) => {
      await records.create('account', 'ana', { tries: 1 });
      const raise = ({ tries }: { tries: number }) => ({ tries: tries + 1 });
      expect(await records.update('account', 'ana', raise)).toBe(true);
      expect(await records.get('account', 'ana')).toEqual({ tries: 2 });
      expect(await records.update('account', 'eva', raise)).toBe(false);
      expect(await records.get('account', 'eva')).toBeNull();
    });

    promise('changes nothing when the change is null', async ({ records }) => {
      await records.create('account', 'ana', { tries: 1 });
      expect(await records.update('account', 'ana', () => null)).toBe(true);
      expect(await records.get('account', 'ana')).toEqual({ tries: 1 });
    });

    promise('loses no update of those that race', async ({ records }) => {
      await records.create('account', 'ana', { tries: 0 });
      const raise = ({ tries }: { tries: number }) => ({ tries: tries + 1 });
      await Promise.all(Array.from({ length: 20 }, () => records.update('account', 'ana', raise)));
      expect(await records.get('account', 'ana')).toEqual({ tries: 20 });
    });

    promise('deletes once', async ({ records }) => {
      await records.create('account', 'ana', {});
      expect(await records.delete('account', 'ana')).toBe(true);
      expect(await records.delete('account', 'ana')).toBe(false);
      expect(await records.get('account', 'ana')).toBeNull();
      expect(await records.list('account')).toEqual([]);
    });

    promise('lists a kind by id, in code unit order', async ({ records }) => {
      for (const id of ['b', 'Z', 'a:2', '🕒', 'a:10', '\uffee', 'a'])
        await records.create('screen' as never, id, { id });
      await records.create('token', 'a', {});
      const ids = (await records.list('screen' as never)).map(({ id }) => id);
      expect(ids).toEqual(['Z', 'a', 'a:10', 'a:2', 'b', '🕒', '\uffee']);
    });

    promise('lists those whose id begins with a prefix', async ({ records }) => {
      for (const id of ['ana:1', 'ana:2', 'ana', 'an', 'anb:1', '%:1']) await records.create('session', id, { id });
      expect(await records.list('session', 'ana:')).toEqual([
        { id: 'ana:1', value: { id: 'ana:1' } },
        { id: 'ana:2', value: { id: 'ana:2' } },
      ]);
      expect(await records.list('session', '%')).toEqual([{ id: '%:1', value: { id: '%:1' } }]);
    });

    promise('ends a record with its lifetime', async ({ records }) => {
      await records.create('session', 'short', { n: 1 }, 150);
      await records.create('session', 'long', { n: 1 }, 60_000);
      await passes(200);
      expect(await records.get('session', 'short')).toBeNull();
      expect((await records.list('session')).map(({ id }) => id)).toEqual(['long']);
      expect(await records.update('session', 'short', () => ({ n: 2 }))).toBe(false);
      expect(await records.delete('session', 'short')).toBe(false);
      expect(await records.create('session', 'short', { n: 2 })).toBe(true);
    });

    promise('starts the lifetime anew with an update', async ({ records }) => {
      await records.create('session', 'renewed', { n: 1 }, 400);
      await records.create('session', 'freed', { n: 1 }, 400);
      await records.update('session', 'renewed', () => ({ n: 2 }), 60_000);
      await records.update('session', 'freed', () => ({ n: 2 }));
      await passes(450);
      expect((await records.list('session')).map(({ id }) => id)).toEqual(['freed', 'renewed']);
    });

    promise('deletes records and tells of it in one step', async (backend) => {
      const heard: string[] = [];
      backend.records.subscribe({ onMessage: (message) => heard.push(message), onGap: () => {} });
      await until(() => backend.outage === null, 'the subscription');
      for (const id of ['ana/1', 'ana/2', 'bob/1']) await backend.records.create('session', id, {}, 60_000);
      await backend.records.deleteAndPublish('session', ['ana/1', 'ana/2', 'never there'], 'ended');
      expect((await backend.records.list('session')).map(({ id }) => id)).toEqual(['bob/1']);
      await until(() => heard.length === 1, 'the message');
      expect(heard).toEqual(['ended']);
    });

    promise('updates a record and publishes a message in one step, or does neither', async (backend) => {
      const { records } = backend;
      const messages: string[] = [];
      records.subscribe({ onMessage: (message) => messages.push(message), onGap: () => {} });
      await until(() => backend.outage === null, 'the subscription');
      await records.create('account', 'ana', { tries: 0 });
      const raise = ({ tries }: { tries: number }) => ({ tries: tries + 1 });
      expect(await records.updateAndPublish('account', 'eva', raise, 'never')).toBe(false);
      const updates = Array.from({ length: 5 }, (_, n) =>
        records.updateAndPublish('account', 'ana', raise, `no. ${n}`),
      );
      expect(await Promise.all(updates)).toEqual([true, true, true, true, true]);
      await until(() => messages.length === 5, 'the messages');
      expect(messages.toSorted()).toEqual(['no. 0', 'no. 1', 'no. 2', 'no. 3', 'no. 4']);
      expect(await records.get('account', 'ana')).toEqual({ tries: 5 });
    });

    promise('tells every listener, in order', async (backend) => {
      const heard: string[] = [];
      for (const name of ['a', 'b']) {
        backend.records.subscribe({ onMessage: (message) => heard.push(`${name} ${message}`), onGap: () => {} });
      }
      await until(() => backend.outage === null, 'the subscription');
      await backend.records.publish('one');
      await backend.records.publish('"two" 🕒');
      await until(() => heard.length === 4, 'all messages');
      expect(heard).toEqual(['a one', 'b one', 'a "two" 🕒', 'b "two" 🕒']);
    });
  });

  describe('listeners', () => {
    promise('are told although one before them throws', async (backend) => {
      const heard: string[] = [];
      const broken = (): never => {
        throw new Error('broken');
      };
      backend.records.subscribe({ onMessage: broken, onGap: broken });
      backend.records.subscribe({ onMessage: (message) => heard.push(message), onGap: () => {} });
      backend.ticks.subscribe(broken);
      backend.ticks.subscribe((channel) => heard.push(channel));
      await until(() => backend.outage === null, 'the subscription');
      expect(await backend.ticks.publish(job(backend), '15:03:27', 'UTC')).toBe('published');
      await backend.records.publish('news');
      await until(() => heard.length === 2, 'both');
      expect(heard.toSorted()).toEqual(['news', 'time']);
    });
  });

  describe('limiter', () => {
    const limit: Limit = { name: 'sign-in', maxAttempts: 2, windowMs: 60_000 };

    promise('lets as many tries pass as the limit has, then says how long', async ({ limiter }) => {
      expect(await limiter.consume(limit, 'ana')).toBeNull();
      expect(await limiter.consume(limit, 'ana')).toBeNull();
      const wait = await limiter.consume(limit, 'ana');
      expect(wait).toBeGreaterThan(55_000);
      expect(wait).toBeLessThanOrEqual(60_000);
      expect(await limiter.consume(limit, 'eva')).toBeNull();
    });

    promise('keeps limits apart by name', async ({ limiter }) => {
      await limiter.consume(limit, 'ana');
      await limiter.consume(limit, 'ana');
      expect(await limiter.consume({ ...limit, name: 'pairing' }, 'ana')).toBeNull();
    });

    promise('peeks without counting', async ({ limiter }) => {
      await limiter.consume(limit, 'ana');
      expect(await limiter.check(limit, 'ana')).toBeNull();
      expect(await limiter.check(limit, 'ana')).toBeNull();
      await limiter.consume(limit, 'ana');
      expect(await limiter.check(limit, 'ana')).toBeGreaterThan(55_000);
    });

    promise('gives a try back, and never more than were taken', async ({ limiter }) => {
      await limiter.refund(limit, 'ana');
      await limiter.consume(limit, 'ana');
      await limiter.consume(limit, 'ana');
      await limiter.refund(limit, 'ana');
      expect(await limiter.consume(limit, 'ana')).toBeNull();
      expect(await limiter.consume(limit, 'ana')).not.toBeNull();
    });

    promise('forgets all tries', async ({ limiter }) => {
      for (let n = 0; n < 3; n++) await limiter.consume(limit, 'ana');
      await limiter.reset(limit, 'ana');
      expect(await limiter.check(limit, 'ana')).toBeNull();
      expect(await limiter.consume(limit, 'ana')).toBeNull();
    });

    promise('begins a new window when one has ended, however often it was tried', async ({ limiter }) => {
      const short = { ...limit, maxAttempts: 1, windowMs: 1_000 };
      await limiter.consume(short, 'ana');
      await passes(600);
      expect(await limiter.consume(short, 'ana')).toBeLessThan(500);
      await passes(500);
      expect(await limiter.consume(short, 'ana')).toBeNull();
    });
  });

  describe('census', () => {
    promise('sums what all told, the newest of each', async (backend) => {
      expect(await backend.reportConnections('one', 5)).toBe(5);
      expect(await backend.reportConnections('two', 20_000)).toBe(20_005);
      expect(await backend.reportConnections('one', 0)).toBe(20_000);
    });

    promise('forgets who has not told for 3 s', async (backend) => {
      await backend.reportConnections('one', 5);
      await passes(3_050);
      expect(await backend.reportConnections('two', 3)).toBe(3);
    });
  });
}
