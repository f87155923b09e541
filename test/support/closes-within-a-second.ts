import { expect } from 'vitest';
import type { TestSocket } from './client.ts';
import { msUntil } from './until.ts';

/** Resolves to the close code; fails if that takes longer than a second. */
export async function closesWithinASecond(socket: TestSocket): Promise<number> {
  let code = 0;
  void socket.closed.then((how) => (code = how));
  expect(await msUntil(() => code, 'the socket is closed')).toBeLessThan(1_000);
  return code;
}
