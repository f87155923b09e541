import { beforeEach, describe, expect, test } from 'vitest';
import { Unavailable } from '../../src/backend/backend.ts';
import type { Publication, Publications } from '../../src/backend/publications.ts';
import { RetainedMessages } from '../../src/channels/retained-messages.ts';
import { MemoryRecords } from '../support/memory-records.ts';
import { until } from '../support/until.ts';

let stored: Publication[];
let records: MemoryRecords;
let retained: RetainedMessages;
let deliver: (publication: Publication) => void;
let listed: () => Promise<void>;
let lists: number;
let delivered: string[];
let forgotten: string[];

const message = (slot: string, seq: number): Publication => ({
  slot,
  at: seq,
  seq,
  endsAt: null,
  frame: Buffer.from(`${slot} ${seq}`),
});

beforeEach(() => {
  stored = [];
  records = new MemoryRecords(() => 0);
  listed = async () => {};
  lists = 0;
  delivered = [];
  const publications: Pick<Publications, 'list' | 'subscribe'> = {
    list: async () => {
      lists += 1;
      const found = [...stored];
      await listed();
      return found;
    },
    subscribe: (listener) => (deliver = listener),
  };
  retained = new RetainedMessages({ records, publications: publications as Publications });
  retained.onMessage(({ frame }) => delivered.push(Buffer.from(frame).toString()));
  forgotten = [];
  retained.onForgotten(({ slot }) => forgotten.push(slot));
});

describe('the last messages', () => {
  test('are those that were stored before the start, then those that arrive', async () => {
    stored = [message('a', 5)];
    await retained.start();
    deliver(message('a', 6));
    deliver(message('b', 1));
    expect([retained.get('a')?.seq, retained.get('b')?.seq, retained.get('c')]).toEqual([6, 1, undefined]);
    expect(delivered).toEqual(['a 5', 'a 6', 'b 1']);
    await retained.stop();
  });

  test('that were read and then arrive are delivered once', async () => {
    stored = [message('a', 5)];
    await retained.start();
    deliver(message('a', 5));
    deliver(message('a', 6));
    expect(delivered).toEqual(['a 5', 'a 6']);
    await retained.stop();
  });

  test('after a gap are delivered if they are new', async () => {
    await retained.start();
    deliver(message('a', 5));
    stored = [message('a', 5), message('b', 7)];
    records.reportGap();
    await until(() => delivered.length === 2, 'the missed message');
    expect(delivered).toEqual(['a 5', 'b 7']);
    await retained.stop();
  });

  test('that arrive during the read after a gap are not replaced by older ones', async () => {
    await retained.start();
    stored = [message('a', 5)];
    const { promise, resolve } = Promise.withResolvers<void>();
    listed = () => promise;
    records.reportGap();
    deliver(message('a', 6));
    listed = async () => {};
    resolve();
    records.reportGap();
    await until(() => lists === 3, 'both reads');
    deliver(message('a', 7));
    expect(delivered).toEqual(['a 6', 'a 7']);
    await retained.stop();
  });

  test('that the backend no longer has are forgotten after a gap', async () => {
    await retained.start();
    deliver(message('a', 5));
    records.reportGap({ replaced: true });
    await until(() => retained.get('a') === undefined, 'the message is forgotten');
    expect(delivered).toEqual(['a 5']);
    expect(forgotten).toEqual(['a']);
    await retained.stop();
  });

  test('are read again if there are more than can be stored, which drops those of forgotten slots', async () => {
    await retained.start();
    stored = [message('s2000', 1)];
    for (let n = 0; n <= 2_000; n += 1) deliver(message(`s${n}`, 1));
    await until(() => retained.get('s0') === undefined, 'the message is forgotten');
    expect(retained.get('s2000')).toBeDefined();
    expect(lists).toBe(2);
    await retained.stop();
  });

  test('are read once the backend serves, if it does not at the start', async () => {
    stored = [message('a', 5)];
    listed = async () => {
      throw new Unavailable('redis-down');
    };
    await retained.start();
    expect(retained.get('a')).toBeUndefined();
    listed = async () => {};
    await until(() => retained.get('a')?.seq === 5, 'the next try');
    await retained.stop();
  });

  test('are neither read nor delivered after the stop', async () => {
    listed = async () => {
      throw new Unavailable('redis-down');
    };
    await retained.start();
    await retained.stop();
    deliver(message('a', 5));
    records.reportGap();
    expect(delivered).toEqual([]);
    expect(lists).toBe(1);
  });
});
