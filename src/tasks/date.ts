import type { Task } from './task.ts';

export const date: Task = {
  name: 'date',
  everyMs: () => 60_000,
  run: (at, zone) => zone.dateOf(at),
};
