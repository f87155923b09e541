import { describe, expect, test } from 'vitest';
import type { LastTick } from '../../src/backend/ticks.ts';
import { LastMessages, type LastMessagesOptions } from '../../src/web/last-messages.ts';

function lastMessagesOf(last: LastTick | null): LastMessages {
  const backend = { ticks: { last: async () => last }, time: { now: () => Date.UTC(2026, 10, 23) }, outage: null };
  return new LastMessages({ backend } as unknown as LastMessagesOptions);
}

const tick = { text: '15:03:27', at: Date.UTC(2026, 10, 23), seq: 1, everyMs: 500 };

describe('the initial state', () => {
  test('has no zone before the first tick', async () => {
    const unknown = { zone: null, utcOffsetMs: null, nextUtcOffset: null };
    expect(await lastMessagesOf(null).state('time')).toMatchObject(unknown);
  });

  test('has the offset of the zone that the tick was made for', async () => {
    const offsets = { zone: 'Asia/Tokyo', utcOffsetMs: 9 * 3_600_000, nextUtcOffset: null };
    expect(await lastMessagesOf({ ...tick, zone: 'Asia/Tokyo' } as LastTick).state('time')).toMatchObject(offsets);
  });

  test('has a zone without an offset if only the worker has the zone', async () => {
    const unknown = { zone: 'Mars/Base', utcOffsetMs: null, nextUtcOffset: null };
    expect(await lastMessagesOf({ ...tick, zone: 'Mars/Base' } as LastTick).state('time')).toMatchObject(unknown);
  });
});
