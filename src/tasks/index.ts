import { date } from './date.ts';
import type { Task } from './task.ts';
import { time } from './time.ts';

export const tasks: readonly Task[] = [time, date];
