import type { Task } from './task.ts';

const everyMs = 60_000;

export const date: Task = {
  name: 'date',
  everyMs: () => everyMs,
  // A date stays right until the next instant, so that one is published as soon as the roles have started.
  expiryMs: () => everyMs,
  run: (at, zone) => zone.dateOf(at),
};
