import { describe, expect, test, vi } from 'vitest';
import type { RedisClient } from '../../src/backend/redis/redis-client.ts';
import { ReplicaWait } from '../../src/backend/redis/replica-wait.ts';

function fakeClient({ info = 'connected_slaves:1\r\n', wait = 1 }: { info?: string | Error; wait?: number | Error }) {
  const answer = async <T>(value: T | Error): Promise<T> => {
    if (value instanceof Error) throw value;
    return value;
  };
  const client = { info: vi.fn(() => answer(info)), wait: vi.fn(() => answer(wait)) };
  return { client, redis: client as unknown as RedisClient };
}

describe('waiting for a replica', () => {
  test('sends one WAIT for all writes of a turn, and another one for a later write', async () => {
    const { client, redis } = fakeClient({});
    const replicaWait = new ReplicaWait();
    await Promise.all([replicaWait.wait(redis), replicaWait.wait(redis)]);
    expect(client.wait.mock.calls).toEqual([[1, 100]]);
    await replicaWait.wait(redis);
    expect(client.wait).toHaveBeenCalledTimes(2);
  });

  test('waits on each connection for its own writes', async () => {
    const [one, other] = [fakeClient({}), fakeClient({})];
    const replicaWait = new ReplicaWait();
    await Promise.all([replicaWait.wait(one.redis), replicaWait.wait(other.redis)]);
    expect([one.client.wait.mock.calls.length, other.client.wait.mock.calls.length]).toEqual([1, 1]);
  });

  test('sends no WAIT without a replica', async () => {
    const { client, redis } = fakeClient({ info: 'role:master\r\nconnected_slaves:0\r\n' });
    await new ReplicaWait().wait(redis);
    expect(client.wait).not.toHaveBeenCalled();
  });

  test('waits if INFO is withheld, and does without if WAIT is withheld', async () => {
    const refusal = new Error("NOPERM this user has no permissions to run the 'info' command");
    const { client, redis } = fakeClient({ info: refusal, wait: refusal });
    await new ReplicaWait().wait(redis);
    expect(client.wait).toHaveBeenCalledOnce();
  });

  test.each([
    'UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)',
    'ERR WAIT cannot be used with replica instances.',
    'Connection is closed.',
  ])('rejects with %s, since the write may be lost', async (message) => {
    const { redis } = fakeClient({ wait: new Error(message) });
    await expect(new ReplicaWait().wait(redis)).rejects.toThrow(message);
  });
});
