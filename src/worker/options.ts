import type { OptionTable } from '../config.ts';
import { zoneName } from '../option-parsers.ts';

export const workerOptions = {
  zone: {
    flag: '--zone <name>',
    env: ['CLOCK_ZONE', 'TZ'],
    parse: zoneName,
    help: "time zone of the clock, such as Europe/Madrid (default: the host's)",
  },
} as const satisfies OptionTable;
