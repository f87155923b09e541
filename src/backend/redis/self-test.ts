import { randomUUID } from 'node:crypto';
import { Unavailable, type Backend, type SelfTestResult } from '../backend.ts';
import type { Connection } from './connection.ts';
import type { Keys } from './keys.ts';
import type { ReconnectingConnection } from './reconnecting-connection.ts';
import { withTimeout } from './with-timeout.ts';

export interface SelfTestOptions {
  /** The names that the roles use. */
  keys: Keys;
  channels: readonly string[];
  commands: ReconnectingConnection;
  openSubscription(signal: AbortSignal): Promise<Connection>;
  /** Creates a backend whose names all contain `scope`. */
  createScoped(scope: string): { backend: Backend; keys: Keys };
}

/** Adds the result of one group of operations. */
type Test = (name: string, run: () => Promise<unknown>) => Promise<void>;

const channel = 'time';
const slot = 'self-test';
const kind = 'session';
const owner = 'self-test';
const limit = { name: 'self-test', maxAttempts: 1, windowMs: 10_000 };
const lifetimeMs = 60_000;
const deliveryTimeoutMs = 1_000;

/**
 * Runs the operations of the roles on separate keys, and accesses the names that the roles use without changing them.
 */
export async function selfTest(options: SelfTestOptions): Promise<SelfTestResult[]> {
  const { keys, channels, commands, createScoped, openSubscription } = options;
  const results: SelfTestResult[] = [];
  const test: Test = async (name, run) => {
    const problem = await run().then(() => null, problemOf);
    results.push({ name, problem });
  };
  const scoped = createScoped(`self-test:${randomUUID()}:`);
  try {
    await testOperations(scoped.backend, test, () => commands.run((client) => client.blpop(scoped.keys.queue, 0.01)));
  } finally {
    await scoped.backend.stop();
  }
  await test('pub/sub channels', async () => {
    const { client, close } = await openSubscription(new AbortController().signal);
    const names = channels.map((each) => keys.tickChannel(each));
    await client.subscribe(...names, keys.publicationChannel, keys.messageChannel).finally(close);
  });
  await test(`key ${keys.time}`, () => commands.run((client) => client.rewriteTime(keys.time)));
  await test('deletion', () => commands.run((client) => client.del(...keysToDelete(scoped.keys))));
  return results;
}

async function testOperations(backend: Backend, test: Test, popJob: () => Promise<unknown>): Promise<void> {
  const { ticks, publications, records, limiter, time } = backend;
  const missing = new Set([channel, slot, 'update', 'deletion', 'message']);
  const { promise: allReceived, resolve } = Promise.withResolvers<void>();
  const onReceived = (what: string): void => {
    missing.delete(what);
    if (missing.size === 0) resolve();
  };
  ticks.subscribe(onReceived);
  publications.subscribe((publication) => onReceived(publication.slot));
  records.subscribe({ onMessage: onReceived, onGap: () => {} });
  await backend.start();
  const at = Math.floor(time.now());
  const job = { task: channel, at, everyMs: lifetimeMs, expiresAt: at + lifetimeMs };

  await test('lease and queue', async () => {
    const lease = await ticks.acquireLease('self-test');
    await ticks.push(job, 'self-test', lease?.term ?? 0);
    await popJob();
    await ticks.releaseLease('self-test', lease?.term ?? 0);
  });
  await test('ticks', async () => {
    await ticks.publish(job, 'self-test', 'UTC');
    await ticks.last(channel);
  });
  await test('publications', async () => {
    await publications.publish({ channel, json: 'null', slot });
    await publications.list();
    await publications.count();
    await publications.forget([slot]);
  });
  await test('records', async () => {
    await records.create(kind, 'a', {}, lifetimeMs);
    await records.update(kind, 'a', () => ({ n: 1 }), lifetimeMs);
    await records.updateAndPublish(kind, 'a', () => ({ n: 2 }), 'update');
    await records.list(kind);
    await records.listLatest(kind, 0, 1);
    await records.delete(kind, 'a');
    await records.deleteAndPublish(kind, ['a'], 'deletion');
    await records.publish('message');
  });
  await test('subscription', async () => {
    await withTimeout(allReceived, deliveryTimeoutMs);
    if (missing.size > 0) throw new Error(backend.outageReason ?? 'published messages were not received');
  });
  await test('limits', async () => {
    await limiter.consume(limit, 'key');
    await limiter.check(limit, 'key');
    await limiter.refund(limit, 'key');
    await limiter.reset(limit, 'key');
  });
  await test('connection counts', async () => {
    await backend.reportConnections(owner, 0, { after: 0, rows: { row: {} } });
    await backend.readRoster();
  });
}

function problemOf(error: unknown): string {
  if (error instanceof Unavailable) return error.reason ?? error.outage;
  return error instanceof Error ? error.message : String(error);
}

function keysToDelete(keys: Keys): string[] {
  const { time, schema, installation, health, lease, queue, lastPushed, connections } = keys;
  const { publications, publicationSeqs } = keys;
  const records = [keys.record(kind, 'a'), keys.ids(kind), keys.expiries(kind)];
  return [
    time,
    schema,
    installation,
    health,
    lease,
    queue,
    lastPushed,
    connections,
    publications,
    publicationSeqs,
    keys.roster(owner),
    keys.rosterChanges(owner),
    keys.lastTick(channel),
    ...records,
  ];
}
