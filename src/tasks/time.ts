import type { Task } from './task.ts';

export const time: Task = {
  name: 'time',
  everyMs: (intervalMs) => intervalMs,
  // An older time is wrong; at a long interval the next one is not near.
  expiryMs: (intervalMs) => Math.min(intervalMs, 1_000),
  run: (at, zone) => zone.timeOf(at),
};
