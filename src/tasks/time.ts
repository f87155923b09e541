import type { Task } from './task.ts';

export const time: Task = {
  name: 'time',
  everyMs: (intervalMs) => intervalMs,
  run: (at, zone) => zone.timeOf(at),
};
