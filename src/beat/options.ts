import type { OptionTable } from '../config.ts';
import { durationBetween } from '../option-parsers.ts';

export const beatOptions = {
  intervalMs: {
    flag: '--interval <duration>',
    env: ['CLOCK_INTERVAL'],
    parse: durationBetween(50, 60_000),
    default: '500',
    help: 'interval at which the time is broadcast, from 50ms to 60s',
  },
} as const satisfies OptionTable;
