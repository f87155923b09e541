import { durationBetween, type OptionTable } from '../config.ts';

export const beatOptions = {
  intervalMs: {
    flag: '--interval <duration>',
    env: ['CLOCK_INTERVAL'],
    parse: durationBetween(50, 60_000),
    default: '500',
    help: 'how often the time is broadcast: 50 to 60000 ms, or a number with ms, s, m',
  },
} as const satisfies OptionTable;
