import { describe, expect, test } from 'vitest';
import { maxTargets, Shows } from '../../src/channels/shows.ts';

describe('Shows', () => {
  test.each([
    [maxTargets - 1, []],
    [maxTargets, ['list']],
  ])('reads what other targets show only if there may be no room: %d slots', async (slots, reads) => {
    const calls: string[] = [];
    const publications = {
      count: async () => slots,
      list: async () => {
        calls.push('list');
        return [];
      },
      forget: async () => {},
      publish: async () => ({ at: 1, seq: 1 }),
    };
    const shows = new Shows({ publications, time: { now: () => 0 } } as never);
    expect(await shows.set({ group: 'hall' }, { message: 'x' })).toEqual({ at: 1, seq: 1 });
    expect(calls).toEqual(reads);
  });
});
