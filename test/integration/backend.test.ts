import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { channelListRecord, type Publication } from '../../src/backend/publications.ts';
import type { Backend, RosterChanges } from '../../src/backend/backend.ts';
import type { Limit } from '../../src/backend/limiter.ts';
import type { Job } from '../../src/backend/ticks.ts';
import { EmbeddedBackend } from '../../src/backend/embedded/embedded-backend.ts';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { silentLogger } from '../../src/logger.ts';
import { tickFrame } from '../../src/protocol.ts';
import { pushAsLeader } from '../support/push-as-leader.ts';
import { patient, RedisServer } from '../support/redis-server.ts';
import { stopwatch } from '../support/stopwatch.ts';
import { undisturbed } from '../support/undisturbed.ts';
import { passes, until } from '../support/until.ts';

const channels = ['time', 'date'];
const log = silentLogger();

const noRows: RosterChanges = { after: 0, rows: {} };

async function rowsOf(backend: Backend): Promise<Record<string, Record<string, object>>> {
  const roster = await backend.readRoster();
  return Object.fromEntries([...roster].map(([owner, rows]) => [owner, Object.fromEntries(rows)]));
}

describe.concurrent('embedded backend', () => {
  fulfilsContract(async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'clock-data-'));
    const backend = new EmbeddedBackend({ dataDir, channels, log, exclusive: true });
    return { backend, clean: () => rm(dataDir, { recursive: true }) };
  });
});

describe.concurrent('Redis backend', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.stop());

  fulfilsContract(async () => {
    const target = parseRedisTarget(server.url);
    const backend = new RedisBackend({ target, prefix: `${randomUUID()}:`, channels, log, ...patient });
    return { backend, clean: async () => {} };
  });
});

/** Tests the contract of `backend.ts`. Each test starts with an empty backend. */
function fulfilsContract(create: () => Promise<{ backend: Backend; clean: () => Promise<void> }>): void {
  async function checkNew(check: (backend: Backend) => Promise<void>): Promise<void> {
    const { backend, clean } = await create();
    try {
      await backend.start();
      // The first answer of Redis may come too late for the start.
      await until(() => backend.outage === null, 'it serves');
      await check(backend);
    } finally {
      await backend.stop();
      await clean();
    }
  }

  function contractTest(title: string, check: (backend: Backend) => Promise<void>): void {
    // oxlint-disable-next-line vitest/expect-expect -- every check asserts
    test(title, () => checkNew(check));
  }

  /** A test during one lease, which a stall of the machine may end. */
  function leaseTest(title: string, check: (backend: Backend) => Promise<void>): void {
    // oxlint-disable-next-line vitest/expect-expect -- every check asserts
    test(title, ({ signal }) => undisturbed(() => checkNew(check), signal));
  }

  /** A job for the instant `inMs` from now. By default it expires ten seconds later. */
  function job(backend: Backend, inMs = 0, more: Partial<Job> = {}): Job {
    const at = Math.floor(backend.time.now()) + inMs;
    return { task: 'time', at, everyMs: 500, expiresAt: at + 10_000, ...more };
  }

  async function leader(backend: Backend): Promise<number> {
    const lease = await backend.ticks.acquireLease('beat');
    expect(lease).not.toBeNull();
    return lease?.term ?? 0;
  }

  const soon = (): AbortSignal => AbortSignal.timeout(20_000);

  describe('service', () => {
    contractTest('has no outage after the start', async (backend) => {
      expect(backend.outage).toBeNull();
      expect(backend.outageReason).toBeNull();
    });

    contractTest('estimates house time within the stated error', async (backend) => {
      const [before, now, after] = [Date.now(), backend.time.now(), Date.now()];
      const { errorMs } = backend.time;
      // The host's clock is read in whole milliseconds.
      expect(now).toBeGreaterThanOrEqual(before - errorMs - 1);
      expect(now).toBeLessThanOrEqual(after + errorMs + 1);
      await until(() => backend.time.errorMs < 500, 'an exchange without a stall');
    });

    contractTest('passes its self-test, which changes no data', async (backend) => {
      await backend.records.create('account', 'ana', { n: 1 });
      await backend.ticks.publish(job(backend), '15:03:27', 'UTC');
      const last = await backend.ticks.last('time');
      const results = await backend.selfTest();
      expect(results.length).toBeGreaterThan(0);
      expect(results.filter(({ problem }) => problem !== null)).toEqual([]);
      expect(await backend.ticks.last('time')).toEqual(last);
      expect(await backend.records.list('account')).toEqual([{ id: 'ana', value: { n: 1 } }]);
      expect(await backend.records.list('session')).toEqual([]);
    });

    contractTest('can be stopped twice', async (backend) => {
      await backend.stop();
      await backend.stop();
    });

    test('can be stopped before the start', async () => {
      const { backend, clean } = await create();
      expect(backend.outage).toBe('starting');
      await backend.stop();
      await clean();
    });
  });

  describe('lease', () => {
    leaseTest('belongs to one owner at a time', async ({ ticks }) => {
      expect(await ticks.acquireLease('one')).not.toBeNull();
      expect(await ticks.acquireLease('other')).toBeNull();
    });

    leaseTest('keeps its term when the owner renews it', async ({ ticks }) => {
      const first = await ticks.acquireLease('one');
      expect(await ticks.acquireLease('one')).toEqual(first);
    });

    contractTest('can be acquired with a greater term after its release', async ({ ticks }) => {
      const term = (await ticks.acquireLease('one'))?.term ?? 0;
      await ticks.releaseLease('one', term);
      expect((await ticks.acquireLease('other'))?.term).toBeGreaterThan(term);
    });

    contractTest('ends one second after the last renewal', async ({ ticks }) => {
      const [begin, elapsedMs] = [performance.now(), stopwatch()];
      const term = (await ticks.acquireLease('one'))?.term ?? 0;
      const next = await until(() => ticks.acquireLease('other'), 'the lease has ended');
      expect(next.term).toBeGreaterThan(term);
      expect(performance.now() - begin).toBeGreaterThan(990);
      expect(elapsedMs()).toBeLessThan(1_200);
    });

    leaseTest('is renewed by a push', async (backend) => {
      const { ticks } = backend;
      const term = (await ticks.acquireLease('one'))?.term ?? 0;
      await passes(300);
      const begin = performance.now();
      expect(await ticks.push(job(backend), 'one', term)).toBe('pushed');
      await until(() => ticks.acquireLease('other'), 'the lease has ended');
      expect(performance.now() - begin).toBeGreaterThan(990);
    });

    leaseTest('is not released by an earlier term or another owner', async ({ ticks }) => {
      const term = (await ticks.acquireLease('one'))?.term ?? 0;
      await ticks.releaseLease('one', term - 1);
      await ticks.releaseLease('other', term);
      expect(await ticks.acquireLease('other')).toBeNull();
    });
  });

  describe('push', () => {
    contractTest('refuses an owner that never held the lease', async (backend) => {
      expect(await backend.ticks.push(job(backend), 'beat', 1)).toBe('not-leader');
    });

    contractTest('refuses an owner or term other than that of the lease', async (backend) => {
      const term = await leader(backend);
      expect(await backend.ticks.push(job(backend), 'other', term)).toBe('not-leader');
      expect(await backend.ticks.push(job(backend), 'beat', term + 1)).toBe('not-leader');
    });

    contractTest('refuses an owner that has released the lease', async (backend) => {
      const term = await leader(backend);
      await backend.ticks.releaseLease('beat', term);
      expect(await backend.ticks.push(job(backend), 'beat', term)).toBe('not-leader');
    });

    contractTest('refuses an owner whose lease has ended', async (backend) => {
      const term = await leader(backend);
      await passes(1_050);
      expect(await backend.ticks.push(job(backend), 'beat', term)).toBe('not-leader');
    });

    contractTest('accepts each instant once and refuses earlier ones', async (backend) => {
      const one = job(backend);
      expect(await pushAsLeader(backend.ticks, one)).toBe('pushed');
      expect(await pushAsLeader(backend.ticks, one)).toBe('duplicate');
      expect(await pushAsLeader(backend.ticks, { ...one, at: one.at - 500 })).toBe('duplicate');
    });

    contractTest('accepts the same instant for different tasks', async (backend) => {
      const one = job(backend);
      expect(await pushAsLeader(backend.ticks, one)).toBe('pushed');
      expect(await pushAsLeader(backend.ticks, { ...one, task: 'date' })).toBe('pushed');
    });

    contractTest('accepts an instant before a stored one that is more than an expiry ahead', async (backend) => {
      const [ahead, due] = [job(backend, 60_000), job(backend)];
      expect(await pushAsLeader(backend.ticks, ahead)).toBe('pushed');
      expect(await pushAsLeader(backend.ticks, due)).toBe('pushed');
      expect(await pushAsLeader(backend.ticks, due)).toBe('duplicate');
    });

    contractTest('drops the oldest jobs of a full queue', async (backend) => {
      const first = job(backend);
      for (let n = 0; n < 30; n++) await pushAsLeader(backend.ticks, { ...first, at: first.at + n });
      const popped = await backend.ticks.pop(soon());
      expect(popped?.at).toBe(first.at + 14);
    });
  });

  describe('pop', () => {
    contractTest('returns jobs unchanged and in order', async (backend) => {
      const [one, two] = [job(backend), job(backend, 500)];
      await pushAsLeader(backend.ticks, one);
      await pushAsLeader(backend.ticks, two);
      expect(await backend.ticks.pop(soon())).toEqual(one);
      expect(await backend.ticks.pop(soon())).toEqual(two);
    });

    contractTest('waits for a job', async (backend) => {
      const popping = backend.ticks.pop(soon());
      const one = job(backend);
      await pushAsLeader(backend.ticks, one);
      expect(await popping).toEqual(one);
    });

    contractTest('returns each job to one caller only', async (backend) => {
      const popping = [backend.ticks.pop(soon()), backend.ticks.pop(soon())];
      const [one, two] = [job(backend), job(backend, 1)];
      await pushAsLeader(backend.ticks, one);
      await pushAsLeader(backend.ticks, two);
      const popped = await Promise.all(popping);
      expect(popped.map((each) => each?.at).toSorted()).toEqual([one.at, two.at]);
    });

    contractTest('drops and counts expired jobs', async (backend) => {
      const late = job(backend, -1_000, { expiresAt: backend.time.now() - 500 });
      const good = job(backend);
      await pushAsLeader(backend.ticks, late);
      await pushAsLeader(backend.ticks, good);
      expect(await backend.ticks.pop(soon())).toEqual(good);
      expect(backend.ticks.expiredJobs).toBe(1);
    });

    contractTest('returns null within 0.7 s of an abort', async ({ ticks }) => {
      const abort = new AbortController();
      const popping = ticks.pop(abort.signal);
      await passes(100);
      const elapsedMs = stopwatch();
      abort.abort();
      expect(await popping).toBeNull();
      expect(elapsedMs()).toBeLessThan(700);
    });

    contractTest('returns null at once if aborted before the call', async ({ ticks }) => {
      expect(await ticks.pop(AbortSignal.abort())).toBeNull();
    });
  });

  describe('publish', () => {
    contractTest('stores the tick as the last of its channel', async (backend) => {
      const one = job(backend);
      expect(await backend.ticks.last('time')).toBeNull();
      expect(await backend.ticks.publish(one, '15:03:27', 'Europe/Madrid')).toBe('published');
      const seq = Math.floor(one.at / 50);
      const last = { text: '15:03:27', at: one.at, seq, zone: 'Europe/Madrid', everyMs: 500, expiresAt: one.expiresAt };
      expect(await backend.ticks.last('time')).toEqual(last);
      expect(await backend.ticks.last('date')).toBeNull();
    });

    contractTest('refuses an expired job', async (backend) => {
      const late = job(backend, -1_000, { expiresAt: backend.time.now() - 500 });
      expect(await backend.ticks.publish(late, '15:03:27', 'UTC')).toBe('expired');
      expect(await backend.ticks.last('time')).toBeNull();
    });

    contractTest('publishes each instant once and refuses earlier ones', async (backend) => {
      const one = job(backend);
      await backend.ticks.publish(one, '15:03:27', 'UTC');
      expect(await backend.ticks.publish(one, '15:03:27', 'UTC')).toBe('duplicate');
      expect(await backend.ticks.publish({ ...one, at: one.at - 1 }, '15:03:26', 'UTC')).toBe('duplicate');
    });

    contractTest('increases seq even after the authority stepped back', async (backend) => {
      const [ahead, due] = [job(backend, 60_000), job(backend)];
      expect(await backend.ticks.publish(ahead, '15:04:27', 'UTC')).toBe('published');
      expect(await backend.ticks.publish(due, '15:03:27', 'UTC')).toBe('published');
      const last = await backend.ticks.last('time');
      expect(last).toMatchObject({ at: due.at, seq: Math.floor(ahead.at / 50) + 1 });
    });

    contractTest('stores any text unchanged', async (backend) => {
      const text = '"quoted" \\ ünïcode 🕒 },"channel":';
      await backend.ticks.publish(job(backend), text, 'UTC');
      expect((await backend.ticks.last('time'))?.text).toBe(text);
    });
  });

  describe('subscribe', () => {
    function framesOf(backend: Backend): string[] {
      const frames: string[] = [];
      backend.ticks.subscribe((channel, frame) => frames.push(`${channel} ${Buffer.from(frame).toString()}`));
      return frames;
    }

    function frameOf(channel: string, text: string, at: number, seq = Math.floor(at / 50)): string {
      return `${channel} ${tickFrame({ channel, text, at, seq })}`;
    }

    contractTest('delivers the frames of all channels in order', async (backend) => {
      const frames = framesOf(backend);
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
      await until(() => frames.length >= expected.length, 'all frames');
      expect(frames).toEqual(expected);
    });

    contractTest('delivers nothing from other channels', async (backend) => {
      const frames = framesOf(backend);
      await until(() => backend.outage === null, 'the subscription');
      const one = job(backend);
      await backend.ticks.publish({ ...one, task: 'weather' }, 'rain', 'UTC');
      await backend.ticks.publish(one, '15:03:27', 'UTC');
      await until(() => frames.length > 0, 'a frame');
      expect(frames).toEqual([frameOf('time', '15:03:27', one.at)]);
    });

    contractTest('delivers the last tick to a new subscriber', async (backend) => {
      const one = job(backend);
      await backend.ticks.publish(one, '15:03:27', 'UTC');
      const frames = framesOf(backend);
      await until(() => frames.length > 0, 'the last tick');
      const next = { ...one, at: one.at + 500 };
      await backend.ticks.publish(next, '15:03:28', 'UTC');
      await until(() => frames.length > 1, 'the next tick');
      expect(frames).toEqual([frameOf('time', '15:03:27', one.at), frameOf('time', '15:03:28', next.at)]);
    });

    contractTest('delivers to several subscribers', async (backend) => {
      const [first, second] = [framesOf(backend), framesOf(backend)];
      await until(() => backend.outage === null, 'the subscription');
      const one = job(backend);
      await backend.ticks.publish(one, '15:03:27', 'UTC');
      await until(() => first.length > 0 && second.length > 0, 'both');
      expect(first).toEqual(second);
    });
  });

  describe('publications', () => {
    const list = { channels: [{ name: 'news', id: 'n1' }] };
    const listRecord = [channelListRecord.kind, channelListRecord.id] as const;

    function received(backend: Backend): Publication[] {
      const publications: Publication[] = [];
      backend.publications.subscribe((publication) => publications.push(publication));
      return publications;
    }

    const textOf = ({ frame }: Publication): string => Buffer.from(frame).toString();

    contractTest('are stamped, stored as the last of their slot and delivered', async (backend) => {
      const publications = received(backend);
      await until(() => backend.outage === null, 'the subscription');
      await backend.records.create(...listRecord, list);
      const before = Math.floor(backend.time.now());
      const json = JSON.stringify('"quoted" \\ ünïcode 🕒 },"channel":');
      const outcome = await backend.publications.publish({ channel: 'news', json });
      const { at, seq } = outcome as { at: number; seq: number };
      expect(at).toBeGreaterThanOrEqual(before - 50);
      expect(at).toBeLessThanOrEqual(backend.time.now() + 50);
      expect(seq).toBe(at);
      await until(() => publications.length === 1, 'the message');
      const frame = `{"message":{"news":${json},"at":${at},"seq":${seq}},"channel":"news"}`;
      expect(publications.map((one) => ({ ...one, frame: textOf(one) }))).toEqual([
        { slot: 'n1', at, seq, endsAt: null, frame },
      ]);
      expect((await backend.publications.list()).map((one) => ({ ...one, frame: textOf(one) }))).toEqual([
        { slot: 'n1', at, seq, endsAt: null, frame },
      ]);
    });

    contractTest('are refused for a channel that is not in the list', async (backend) => {
      const publish = () => backend.publications.publish({ channel: 'news', json: '1' });
      expect(await publish()).toBe('unknown-channel');
      await backend.records.create(...listRecord, { channels: [] });
      expect(await publish()).toBe('unknown-channel');
      await backend.records.update(...listRecord, () => ({ channels: [{ name: 'constructor', id: 'n1' }] }));
      expect(await publish()).toBe('unknown-channel');
      expect(await backend.publications.list()).toEqual([]);
    });

    contractTest('rise in seq and arrive in order, also when many are published at once', async (backend) => {
      const publications = received(backend);
      await until(() => backend.outage === null, 'the subscription');
      await backend.records.create(...listRecord, list);
      const requests = Array.from({ length: 1_000 }, (_, n) => ({ channel: 'news', json: String(n) }));
      const outcomes = await Promise.all(requests.map((request) => backend.publications.publish(request)));
      await until(() => publications.length === 1_000, 'all messages', 20_000);
      const seqs = publications.map(({ seq }) => seq);
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      expect(new Set(seqs).size).toBe(1_000);
      expect(outcomes.map((outcome) => (outcome as { seq: number }).seq).toSorted((a, b) => a - b)).toEqual(seqs);
      const [last] = await backend.publications.list();
      expect(last?.seq).toBe(seqs.at(-1));
    });

    contractTest('have a last seq that outlives the deletion of their slots', async (backend) => {
      const publish = (slot: string) => backend.publications.publish({ channel: 'show', json: 'null', slot });
      let last = { at: 0, seq: 0 };
      for (let n = 0; n < 50; n++) last = (await publish('a')) as typeof last;
      await backend.publications.forget(['a', 'none']);
      expect(await backend.publications.list()).toEqual([]);
      expect(((await publish('b')) as typeof last).seq).toBeGreaterThan(last.seq);
      expect((await backend.publications.list()).map(({ slot }) => slot)).toEqual(['b']);
    });

    contractTest('are counted by slot', async (backend) => {
      const publish = (slot: string) => backend.publications.publish({ channel: 'show', json: 'null', slot });
      expect(await backend.publications.count()).toBe(0);
      for (const slot of ['a', 'b', 'a']) await publish(slot);
      expect(await backend.publications.count()).toBe(2);
      await backend.publications.forget(['a']);
      expect(await backend.publications.count()).toBe(1);
    });

    contractTest('are not forgotten if they are newer than a sequence number', async (backend) => {
      const publish = async (slot: string) =>
        (await backend.publications.publish({ channel: 'show', json: 'null', slot })) as { seq: number };
      const [{ seq }] = [await publish('a'), await publish('b')];
      await publish('b');
      await backend.publications.forget(['a', 'b'], seq + 1);
      expect((await backend.publications.list()).map(({ slot }) => slot)).toEqual(['b']);
    });

    contractTest('end after their lifetime, by what they say of themselves', async (backend) => {
      await backend.publications.publish({ channel: 'show', json: 'null', slot: 'a', lifetimeMs: 60_000 });
      const [stored] = await backend.publications.list();
      expect(stored?.endsAt).toBe((stored?.at ?? 0) + 60_000);
    });

    contractTest('can depend on the last message of the slot', async (backend) => {
      const publish = (ifSeq: number) => backend.publications.publish({ channel: 'show', json: '1', slot: 'a', ifSeq });
      expect(await publish(5)).toBe('changed');
      const { seq } = (await publish(0)) as { seq: number };
      expect(await publish(0)).toBe('changed');
      expect(await publish(seq)).toMatchObject({ seq: expect.any(Number) });
      expect(await publish(seq)).toBe('changed');
    });

    contractTest('are delivered to the other subscribers if one throws', async (backend) => {
      backend.publications.subscribe(() => {
        throw new Error('broken');
      });
      const publications = received(backend);
      await until(() => backend.outage === null, 'the subscription');
      await backend.publications.publish({ channel: 'show', json: '1', slot: 'a' });
      await until(() => publications.length === 1, 'the message');
      expect(publications[0]?.slot).toBe('a');
    });
  });

  describe('records', () => {
    contractTest('stores a new record under its kind and id', async ({ records }) => {
      const value = { name: 'ana', at: 1.5, tags: ['ü', '🕒'], nothing: null };
      expect(await records.create('account', 'ana', value)).toBe(true);
      expect(await records.get('account', 'ana')).toEqual(value);
      expect(await records.get('session', 'ana')).toBeNull();
      expect(await records.get('account', 'eva')).toBeNull();
    });

    contractTest('creates a record once although callers race', async ({ records }) => {
      const tries = [1, 2, 3, 4].map((by) => records.create('account', 'admin', { by }));
      expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
      expect(await records.get('account', 'admin')).toEqual({ by: 1 });
    });

    contractTest('returns several records in the order of the ids', async ({ records }) => {
      for (let n = 0; n < 5; n++) await records.create('token', `t${n}`, { n });
      expect(await records.getMany('token', ['t3', 'none', 't0'])).toEqual([{ n: 3 }, null, { n: 0 }]);
      expect(await records.getMany('token', [])).toEqual([]);
    });

    contractTest('returns more than a thousand records', async ({ records }) => {
      await records.create('session', 's1100', { n: 1_100 });
      const ids = Array.from({ length: 1_200 }, (_, n) => `s${n}`);
      const found = await records.getMany('session', ids);
      expect(found).toHaveLength(1_200);
      expect(found[1_100]).toEqual({ n: 1_100 });
    });

    contractTest('updates existing records only', async ({ records }) => {
      await records.create('account', 'ana', { tries: 1 });
      const raise = ({ tries }: { tries: number }) => ({ tries: tries + 1 });
      expect(await records.update('account', 'ana', raise)).toBe(true);
      expect(await records.get('account', 'ana')).toEqual({ tries: 2 });
      expect(await records.update('account', 'eva', raise)).toBe(false);
      expect(await records.get('account', 'eva')).toBeNull();
    });

    contractTest('changes nothing if the change returns null', async ({ records }) => {
      await records.create('account', 'ana', { tries: 1 });
      expect(await records.update('account', 'ana', () => null)).toBe(true);
      expect(await records.get('account', 'ana')).toEqual({ tries: 1 });
    });

    contractTest('loses no update although callers race', async ({ records }) => {
      await records.create('account', 'ana', { tries: 0 });
      const raise = ({ tries }: { tries: number }) => ({ tries: tries + 1 });
      await Promise.all(Array.from({ length: 20 }, () => records.update('account', 'ana', raise)));
      expect(await records.get('account', 'ana')).toEqual({ tries: 20 });
    });

    contractTest('deletes a record once', async ({ records }) => {
      await records.create('account', 'ana', {});
      expect(await records.delete('account', 'ana')).toBe(true);
      expect(await records.delete('account', 'ana')).toBe(false);
      expect(await records.get('account', 'ana')).toBeNull();
      expect(await records.list('account')).toEqual([]);
    });

    contractTest('lists a kind sorted by id in code unit order', async ({ records }) => {
      for (const id of ['b', 'Z', 'a:2', '🕒', 'a:10', '\uffee', 'a'])
        await records.create('screen' as never, id, { id });
      await records.create('token', 'a', {});
      const ids = (await records.list('screen' as never)).map(({ id }) => id);
      expect(ids).toEqual(['Z', 'a', 'a:10', 'a:2', 'b', '🕒', '\uffee']);
    });

    contractTest('lists the records whose id starts with a prefix', async ({ records }) => {
      for (const id of ['ana:1', 'ana:2', 'ana', 'an', 'anb:1', '%:1']) await records.create('session', id, { id });
      expect(await records.list('session', 'ana:')).toEqual([
        { id: 'ana:1', value: { id: 'ana:1' } },
        { id: 'ana:2', value: { id: 'ana:2' } },
      ]);
      expect(await records.list('session', '%')).toEqual([{ id: '%:1', value: { id: '%:1' } }]);
    });

    contractTest('removes a record at the end of its lifetime', async ({ records }) => {
      await records.create('session', 'short', { n: 1 }, 150);
      await records.create('session', 'long', { n: 1 }, 60_000);
      await passes(200);
      expect(await records.get('session', 'short')).toBeNull();
      expect((await records.list('session')).map(({ id }) => id)).toEqual(['long']);
      expect(await records.update('session', 'short', () => ({ n: 2 }))).toBe(false);
      expect(await records.delete('session', 'short')).toBe(false);
      expect(await records.create('session', 'short', { n: 2 })).toBe(true);
    });

    contractTest('restarts the lifetime with an update', async ({ records }) => {
      await records.create('session', 'renewed', { n: 1 }, 2_000);
      await records.create('session', 'freed', { n: 1 }, 2_000);
      await records.update('session', 'renewed', () => ({ n: 2 }), 60_000);
      await records.update('session', 'freed', () => ({ n: 2 }));
      await passes(2_050);
      expect((await records.list('session')).map(({ id }) => id)).toEqual(['freed', 'renewed']);
    });

    contractTest('deletes records and publishes a message', async (backend) => {
      const received: string[] = [];
      backend.records.subscribe({ onMessage: (message) => received.push(message), onGap: () => {} });
      await until(() => backend.outage === null, 'the subscription');
      for (const id of ['ana/1', 'ana/2', 'bob/1']) await backend.records.create('session', id, {}, 60_000);
      await backend.records.deleteAndPublish('session', ['ana/1', 'ana/2', 'never there'], 'ended');
      expect((await backend.records.list('session')).map(({ id }) => id)).toEqual(['bob/1']);
      await until(() => received.length === 1, 'the message');
      expect(received).toEqual(['ended']);
    });

    contractTest('lists the records that expire last, page by page', async ({ records }) => {
      const lifetimesMs = [50_000, 90_000, 20_000, 70_000];
      for (const [n, lifetimeMs] of lifetimesMs.entries()) await records.create('session', `s${n}`, { n }, lifetimeMs);
      await records.create('session', 'forever', {});
      await records.create('token', 'other', {}, 80_000);
      await records.create('session', 'renewed', { n: 9 }, 10_000);
      await records.update('session', 'renewed', (value) => value, 95_000);
      const idsOf = async (offset: number, count: number) =>
        (await records.listLatest('session', offset, count)).map(({ id }) => id);
      expect(await idsOf(0, 2)).toEqual(['renewed', 's1']);
      expect(await idsOf(2, 10)).toEqual(['s3', 's0', 's2']);
      expect(await records.listLatest('session', 1, 1)).toEqual([{ id: 's1', value: { n: 1 } }]);
      expect(await idsOf(5, 10)).toEqual([]);
    });

    contractTest('updates a record and publishes a message, unless nothing changes', async (backend) => {
      const received: string[] = [];
      backend.records.subscribe({ onMessage: (message) => received.push(message), onGap: () => {} });
      await until(() => backend.outage === null, 'the subscription');
      const { records } = backend;
      await records.create('account', 'ana', { n: 1 });
      expect(await records.updateAndPublish('account', 'ana', () => ({ n: 2 }), 'changed')).toBe(true);
      expect(await records.updateAndPublish('account', 'ana', () => null, 'not changed')).toBe(true);
      expect(await records.updateAndPublish('account', 'eva', () => ({ n: 3 }), 'missing')).toBe(false);
      await records.publish('end');
      await until(() => received.includes('end'), 'the messages');
      expect(received).toEqual(['changed', 'end']);
      expect(await records.get('account', 'ana')).toEqual({ n: 2 });
      expect(await records.get('account', 'eva')).toBeNull();
    });

    contractTest('sends messages to every listener in order', async (backend) => {
      const received: string[] = [];
      for (const name of ['a', 'b']) {
        backend.records.subscribe({ onMessage: (message) => received.push(`${name} ${message}`), onGap: () => {} });
      }
      await until(() => backend.outage === null, 'the subscription');
      await backend.records.publish('one');
      await backend.records.publish('"two" 🕒');
      await until(() => received.length === 4, 'all messages');
      expect(received).toEqual(['a one', 'b one', 'a "two" 🕒', 'b "two" 🕒']);
    });
  });

  describe('listeners', () => {
    contractTest('are called although an earlier one throws', async (backend) => {
      const received: string[] = [];
      const broken = (): never => {
        throw new Error('broken');
      };
      backend.records.subscribe({ onMessage: broken, onGap: broken });
      backend.records.subscribe({ onMessage: (message) => received.push(message), onGap: () => {} });
      backend.ticks.subscribe(broken);
      backend.ticks.subscribe((channel) => received.push(channel));
      await until(() => backend.outage === null, 'the subscription');
      expect(await backend.ticks.publish(job(backend), '15:03:27', 'UTC')).toBe('published');
      await backend.records.publish('news');
      await until(() => received.length === 2, 'both');
      expect(received.toSorted()).toEqual(['news', 'time']);
    });
  });

  describe('limiter', () => {
    const limit: Limit = { name: 'sign-in', maxAttempts: 2, windowMs: 60_000 };

    contractTest('allows the attempts of the limit, then returns the remaining time', async ({ limiter }) => {
      expect(await limiter.consume(limit, 'ana')).toBeNull();
      expect(await limiter.consume(limit, 'ana')).toBeNull();
      const wait = await limiter.consume(limit, 'ana');
      expect(wait).toBeGreaterThan(55_000);
      expect(wait).toBeLessThanOrEqual(60_000);
      expect(await limiter.consume(limit, 'eva')).toBeNull();
    });

    contractTest('counts limits of different names separately', async ({ limiter }) => {
      await limiter.consume(limit, 'ana');
      await limiter.consume(limit, 'ana');
      expect(await limiter.consume({ ...limit, name: 'pairing' }, 'ana')).toBeNull();
    });

    contractTest('checks without counting', async ({ limiter }) => {
      await limiter.consume(limit, 'ana');
      expect(await limiter.check(limit, 'ana')).toBeNull();
      expect(await limiter.check(limit, 'ana')).toBeNull();
      await limiter.consume(limit, 'ana');
      expect(await limiter.check(limit, 'ana')).toBeGreaterThan(55_000);
    });

    contractTest('refunds no more attempts than were consumed', async ({ limiter }) => {
      await limiter.refund(limit, 'ana');
      await limiter.consume(limit, 'ana');
      await limiter.consume(limit, 'ana');
      await limiter.refund(limit, 'ana');
      expect(await limiter.consume(limit, 'ana')).toBeNull();
      expect(await limiter.consume(limit, 'ana')).not.toBeNull();
    });

    contractTest('resets all attempts', async ({ limiter }) => {
      for (let n = 0; n < 3; n++) await limiter.consume(limit, 'ana');
      await limiter.reset(limit, 'ana');
      expect(await limiter.check(limit, 'ana')).toBeNull();
      expect(await limiter.consume(limit, 'ana')).toBeNull();
    });

    contractTest('starts a new window at the end of the last one, despite further attempts', async ({ limiter }) => {
      const short = { ...limit, maxAttempts: 1, windowMs: 1_000 };
      const elapsedMs = stopwatch();
      const begin = performance.now();
      await limiter.consume(short, 'ana');
      const isAllowed = async (): Promise<boolean> => (await limiter.consume(short, 'ana')) === null;
      await until(isAllowed, 'the next window', 20_000, 50);
      expect(performance.now() - begin).toBeGreaterThan(990);
      expect(elapsedMs()).toBeLessThan(1_300);
    });
  });

  describe('connection reports', () => {
    contractTest('sum up the latest count of each owner', async (backend) => {
      expect(await backend.reportConnections('one', 5, noRows)).toMatchObject({ total: 5 });
      expect(await backend.reportConnections('two', 20_000, noRows)).toMatchObject({ total: 20_005 });
      expect(await backend.reportConnections('one', 0, noRows)).toMatchObject({ total: 20_000 });
    });

    contractTest('stop counting after 3 s', async (backend) => {
      await backend.reportConnections('one', 5, noRows);
      await passes(3_050);
      expect(await backend.reportConnections('two', 3, noRows)).toMatchObject({ total: 3 });
    });
  });

  describe('the roster', () => {
    /** Reports changes after a version, and returns the new one. */
    const report = async (backend: Backend, owner: string, after: number, rows: RosterChanges['rows']) =>
      (await backend.reportConnections(owner, 1, { after, rows })).rosterVersion;

    contractTest('has the rows of each process, as changed by its reports', async (backend) => {
      const version = await report(backend, 'one', 0, { lobby: { n: 1 }, bar: { text: '🕒 "' } });
      await report(backend, 'two', 0, { lobby: { n: 9 } });
      expect(await rowsOf(backend)).toEqual({
        one: { lobby: { n: 1 }, bar: { text: '🕒 "' } },
        two: { lobby: { n: 9 } },
      });
      const next = await report(backend, 'one', version, { lobby: { n: 2 }, bar: null, gym: { n: 3 } });
      expect((await rowsOf(backend))['one']).toEqual({ lobby: { n: 2 }, gym: { n: 3 } });
      await report(backend, 'one', next, {});
      expect((await rowsOf(backend))['one']).toEqual({ lobby: { n: 2 }, gym: { n: 3 } });
    });

    contractTest('has a new version after each change, and the same one without a change', async (backend) => {
      const first = await report(backend, 'one', 0, { lobby: { n: 1 } });
      expect(first).toBeGreaterThan(0);
      expect(await report(backend, 'one', first, {})).toBe(first);
      expect(await report(backend, 'one', first, { lobby: { n: 2 } })).toBeGreaterThan(first);
    });

    contractTest('ignores changes of rows that it does not have, and says so', async (backend) => {
      expect(await report(backend, 'one', 7, { lobby: { n: 1 } })).toBe(0);
      expect((await rowsOf(backend))['one'] ?? {}).toEqual({});
      const version = await report(backend, 'one', 0, { lobby: { n: 1 } });
      expect(await report(backend, 'one', version - 1, { bar: { n: 1 } })).toBe(0);
      expect((await rowsOf(backend))['one'] ?? {}).not.toHaveProperty('bar');
    });

    contractTest('is replaced by a report after version 0', async (backend) => {
      await report(backend, 'one', 0, { lobby: { n: 1 } });
      await rowsOf(backend);
      const version = await report(backend, 'one', 0, { bar: { n: 2 } });
      await report(backend, 'one', version, { gym: { n: 3 } });
      expect((await rowsOf(backend))['one']).toEqual({ bar: { n: 2 }, gym: { n: 3 } });
    });

    contractTest('returns the same object for a row that did not change', async (backend) => {
      const version = await report(backend, 'one', 0, { lobby: { n: 1 }, bar: { n: 1 } });
      const before = (await backend.readRoster()).get('one')?.get('lobby');
      await report(backend, 'one', version, { bar: { n: 2 } });
      const after = (await backend.readRoster()).get('one');
      expect(after?.get('bar')).toEqual({ n: 2 });
      expect(after?.get('lobby')).toBe(before);
    });

    contractTest('is complete for a reader that missed many changes', async (backend) => {
      let version = await report(backend, 'one', 0, { start: { n: -1 } });
      await rowsOf(backend);
      for (let n = 0; n < 50; n++) version = await report(backend, 'one', version, { [`row${n}`]: { n } });
      const rows = (await rowsOf(backend))['one'] ?? {};
      expect(Object.keys(rows)).toHaveLength(51);
      expect(rows['row49']).toEqual({ n: 49 });
    });

    contractTest('loses the rows of a process that does not report', async (backend) => {
      await report(backend, 'one', 0, { lobby: { n: 1 } });
      await passes(3_050);
      expect(await rowsOf(backend)).toEqual({});
    });
  });
}
