import type { Task } from './task.ts';

export const time: Task = {
  name: 'time',
  everyMs: (intervalMs) => intervalMs,
  // After 1 s the text is no longer the time, even if a long interval has not passed yet.
  expiryMs: (intervalMs) => Math.min(intervalMs, 1_000),
  run: (at, zone) => zone.timeOf(at),
};
