import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { CommandDelivery, type CommandDeliveryOptions } from '../../src/web/command-delivery.ts';
import { MemoryRecords } from '../support/memory-records.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A delivery to a hub whose sessions `a` and `b` have two sockets and one. */
async function world() {
  const records = new MemoryRecords(() => 0);
  const sent: string[] = [];
  const socket = (name: string) => ({ send: (frame: string) => sent.push(`${name} ${frame}`) });
  const sockets = new Map([
    ['a', [socket('a1'), socket('a2')]],
    ['b', [socket('b1')]],
  ]);
  const hub = { socketsOf: (jti: string) => sockets.get(jti) ?? [] } as unknown as CommandDeliveryOptions['hub'];
  const delivery = new CommandDelivery({ hub, records, spread: { ms: 4_000 } });
  await delivery.start();
  const publish = (message: object) => records.publish(JSON.stringify(message));
  return { delivery, sent, publish, sockets };
}

const reload = { name: 'reload' };

describe('a command', () => {
  test('is sent at once to each socket of its sessions, and to no other', async () => {
    const { sent, publish } = await world();
    await publish({ commands: [{ to: ['a', 'elsewhere'], command: { name: 'identify', text: 'Lobby' } }] });
    const frame = '{"command":{"name":"identify","text":"Lobby"}}';
    expect(sent).toEqual([`a1 ${frame}`, `a2 ${frame}`]);
  });

  test('that is spread is sent within the spread, to the sockets that are open then', async () => {
    const { sent, publish, sockets } = await world();
    await publish({ commands: [{ to: ['a', 'b'], command: reload, isSpread: true }] });
    expect(sent).toEqual([]);
    sockets.delete('b');
    vi.advanceTimersByTime(4_000);
    expect(sent.map((each) => each.slice(0, 2))).toEqual(['a1', 'a2']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is not sent after the stop, and no timer is left', async () => {
    const { delivery, sent, publish } = await world();
    await publish({ commands: [{ to: ['a'], command: reload, isSpread: true }] });
    await delivery.stop();
    expect(vi.getTimerCount()).toBe(0);
    await publish({ commands: [{ to: ['a'], command: reload }] });
    expect(sent).toEqual([]);
  });

  test('is not read into a message about something else', async () => {
    const { sent, publish } = await world();
    await publish({ ended: ['a'] });
    expect(sent).toEqual([]);
  });
});
