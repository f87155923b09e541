import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Connection } from '../../src/backend/redis/connection.ts';
import { Keys } from '../../src/backend/redis/keys.ts';
import { Subscriber } from '../../src/backend/redis/subscriber.ts';
import { silentLogger } from '../../src/logger.ts';

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['performance', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A subscription whose Redis answers everything at once; `pings` are the instants of its PINGs. */
async function subscribe() {
  const keys = new Keys('', 0);
  const pings: number[] = [];
  let messages = 0;
  const client = Object.assign(new EventEmitter(), {
    subscribe: async () => {},
    ping: async () => {
      pings.push(performance.now() - startedAt);
    },
  });
  const { promise: ended, resolve: end } = Promise.withResolvers<Error>();
  const connection = { client, ended, close: () => end(new Error('closed')) };
  const subscriber = new Subscriber({
    keys,
    channels: ['time'],
    open: async () => connection as unknown as Connection,
    readLastTick: async () => null,
    onSubscribed: () => {},
    onMessage: () => (messages += 1),
    onInterrupted: () => {},
    onError: (error) => {
      throw error;
    },
    log: silentLogger(),
  });
  subscriber.addListener({ onMessage: () => {}, onGap: () => {} });
  const startedAt = performance.now();
  await subscriber.start();
  const receive = (): void => {
    client.emit('messageBuffer', Buffer.from(keys.messageChannel), Buffer.from('{}'));
  };
  return { subscriber, pings, receive, messages: () => messages };
}

describe('a subscription', () => {
  test('is checked with a PING every 750 ms while it receives nothing', async () => {
    const { subscriber, pings } = await subscribe();
    await vi.advanceTimersByTimeAsync(2_300);
    expect(pings).toEqual([750, 1_500, 2_250]);
    await subscriber.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is not checked while it receives messages, which it reports, and again 750 ms after the last', async () => {
    const { subscriber, pings, receive, messages } = await subscribe();
    for (let count = 0; count < 10; count += 1) {
      await vi.advanceTimersByTimeAsync(500);
      receive();
    }
    expect([pings, messages()]).toEqual([[], 10]);
    await vi.advanceTimersByTimeAsync(1_500);
    expect(pings).toEqual([5_750, 6_500]);
    await subscriber.stop();
  });
});
