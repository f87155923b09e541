import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Publication } from '../../src/backend/publications.ts';
import { slotOf, type ShowTarget } from '../../src/channels/shows.ts';
import { ShowDelivery } from '../../src/web/show-delivery.ts';
import { MemoryRecords } from '../support/memory-records.ts';

const startMs = 1_763_906_607_000;
let sent: string[];
let delivery: ShowDelivery;
let onMessage: (publication: Publication) => void;
let onForgotten: (publication: Publication) => void;
let retained: Map<string, Publication>;

beforeEach(async () => {
  vi.useFakeTimers({ now: startMs });
  sent = [];
  retained = new Map();
  delivery = new ShowDelivery({
    hub: {
      publishMessage: (topic, frame) => sent.push(`${topic} ${contentOf(frame)}`),
      send: () => {},
      sessions: () => [],
      socketsOf: () => [],
    },
    sessions: { onChanged: () => {}, setGroup: () => {} },
    records: new MemoryRecords(() => Date.now()),
    retained: {
      get: (slot) => retained.get(slot),
      onMessage: (listener) => (onMessage = listener),
      onForgotten: (listener) => (onForgotten = listener),
    },
    time: { now: () => Date.now() },
  });
  await delivery.start();
});
afterEach(() => {
  vi.useRealTimers();
});

function contentOf(frame: Uint8Array): string {
  return JSON.stringify(JSON.parse(Buffer.from(frame).toString()).message.show);
}

function show(target: ShowTarget, message: string | null, lifetimeMs?: number): void {
  const at = Date.now();
  const content = message === null ? null : { message };
  const frame = Buffer.from(JSON.stringify({ message: { show: content, at, seq: at }, channel: 'show' }));
  const endsAt = lifetimeMs === undefined ? null : at + lifetimeMs;
  const publication = { slot: slotOf(target), at, seq: at, endsAt, frame };
  retained.set(publication.slot, publication);
  onMessage(publication);
}

test('what is no longer stored is cleared', () => {
  show('everybody', 'all');
  show({ group: 'hall' }, 'hall', 5_000);
  sent = [];
  const hall = retained.get('show/group/hall');
  retained.delete('show/group/hall');
  if (hall !== undefined) onForgotten(hall);
  expect(sent).toEqual(['slot/show/group/hall {"message":"all"}']);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(6_000);
  expect(sent).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});

describe('what is shown for a time', () => {
  test('ends at its end, also after the longest delay of a timer', () => {
    show('everybody', 'short', 5_000);
    show({ group: 'hall' }, 'long', 30 * 86_400_000);
    sent = [];
    vi.advanceTimersByTime(4_999);
    expect(sent).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(sent).toEqual(['show/no-group null']);
    vi.advanceTimersByTime(30 * 86_400_000);
    expect(sent).toEqual(['show/no-group null', 'slot/show/group/hall null']);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('does not end if it was replaced', () => {
    show('everybody', 'first', 5_000);
    show('everybody', 'second');
    vi.advanceTimersByTime(10_000);
    expect(sent).toEqual(['show/no-group {"message":"first"}', 'show/no-group {"message":"second"}']);
  });

  test('that ended before the process started is sent as nothing', () => {
    show('everybody', 'old', -60_000);
    vi.advanceTimersByTime(10);
    expect(sent.at(-1)).toBe('show/no-group null');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('leaves no timer behind', async () => {
    show('everybody', 'message', 5_000);
    expect(vi.getTimerCount()).toBe(1);
    await delivery.stop();
    expect(vi.getTimerCount()).toBe(0);
    show('everybody', 'another', 5_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});
