import type { Task } from './task.ts';

const everyMs = 60_000;

export const date: Task = {
  name: 'date',
  everyMs: () => everyMs,
  // A date stays correct until the next instant, so roles that start within the minute still publish it.
  expiryMs: () => everyMs,
  run: (at, zone) => zone.dateOf(at),
};
