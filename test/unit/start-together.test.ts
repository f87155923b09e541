import { expect, test } from 'vitest';
import { startTogether } from '../support/start-together.ts';

test('closes what has started and what starts later if one start fails', async () => {
  const closed: string[] = [];
  const later = Promise.withResolvers<AsyncDisposable>();
  const started = startTogether(
    Promise.resolve({ close: async () => closed.push('first') }),
    later.promise,
    Promise.reject<AsyncDisposable>(new Error('no browser')),
  );
  later.resolve({ [Symbol.asyncDispose]: async () => void closed.push('later') });
  await expect(started).rejects.toThrow('no browser');
  expect(closed).toEqual(['first', 'later']);
});
