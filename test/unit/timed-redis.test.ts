import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AbstractConnector } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TimedRedis } from '../../src/backend/redis/timed-redis.ts';

const timeoutMs = 1_000;

// Immediates and streams are real: a turn of the event loop passes without time.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A connected client, over a stream whose other side the test plays. */
async function connected() {
  const stream = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
  const errors: string[] = [];
  class Connector extends AbstractConnector {
    constructor() {
      super(200);
    }
    override async connect(): Promise<never> {
      this.stream = Object.assign(stream, { setNoDelay() {}, setKeepAlive() {}, setTimeout() {} }) as never;
      return this.stream as never;
    }
  }
  const client = new TimedRedis(
    {
      Connector,
      lazyConnect: true,
      protocol: 2,
      enableReadyCheck: false,
      disableClientInfo: true,
      retryStrategy: null,
    },
    timeoutMs,
  );
  client.on('error', ({ message }: Error) => errors.push(message));
  await client.connect();
  const send = (): void => void client.get('key').catch(() => {});
  const receive = async (bytes: string): Promise<void> => {
    stream.push(bytes);
    await nextTurn();
  };
  const pass = async (ms: number): Promise<void> => {
    vi.advanceTimersByTime(ms);
    await nextTurn();
    await nextTurn();
  };
  const close = async (): Promise<void> => {
    client.disconnect();
    stream.destroy();
    await nextTurn();
    expect(client.status).toBe('end');
    expect(vi.getTimerCount()).toBe(0);
  };
  return { client, stream, errors, send, receive, pass, close };
}

describe('a Redis client with a time limit for answers', () => {
  test('ends the connection if a command has no answer in time', async () => {
    const { stream, errors, send, pass } = await connected();
    await pass(5_000);
    send();
    await pass(600);
    send();
    await pass(399);
    expect(stream.destroyed).toBe(false);
    await pass(1);
    expect(stream.destroyed).toBe(true);
    expect(errors).toEqual(['timed out: no answer within 1000 ms']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('gives each command the whole time once those before it are answered', async () => {
    const { stream, send, receive, pass, close } = await connected();
    for (let n = 0; n < 3; n += 1) send();
    for (let n = 0; n < 3; n += 1) {
      await pass(900);
      await receive('$1\r\nx\r\n');
    }
    await pass(5_000);
    expect(stream.destroyed).toBe(false);
    await close();
  });

  test('ends the connection although parts of an answer arrive', async () => {
    const { stream, send, receive, pass } = await connected();
    send();
    await receive('$1000\r\n');
    for (let n = 0; n < 4; n += 1) {
      await pass(249);
      await receive('x');
    }
    expect(stream.destroyed).toBe(false);
    await pass(4);
    expect(stream.destroyed).toBe(true);
  });

  test('ends a subscription that receives messages, but no answer', async () => {
    const { client, stream, receive, pass } = await connected();
    const subscribed = client.subscribe('a');
    await receive('*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n');
    await subscribed;
    await pass(5_000);
    client.ping().catch(() => {});
    for (let n = 0; n < 4; n += 1) {
      await pass(249);
      await receive('*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nx\r\n');
    }
    expect(stream.destroyed).toBe(false);
    await pass(4);
    expect(stream.destroyed).toBe(true);
  });

  test('reads an answer that arrived during a stall of the process before it gives up', async () => {
    const { stream, send, receive, pass, close } = await connected();
    send();
    vi.advanceTimersByTime(3_000);
    await receive('$1\r\nx\r\n');
    await pass(5_000);
    expect(stream.destroyed).toBe(false);
    send();
    vi.advanceTimersByTime(3_000);
    await close();
  });

  test('leaves nothing behind if it is closed when an answer is overdue', async () => {
    const { client, stream, errors, send, close } = await connected();
    send();
    vi.advanceTimersByTime(3_000);
    await close();
    await nextTurn();
    expect([client.status, stream.destroyed, errors]).toEqual(['end', true, []]);
  });
});
