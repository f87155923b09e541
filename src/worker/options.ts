import { zoneName, type OptionTable } from '../config.ts';

export const workerOptions = {
  zone: {
    flag: '--zone <name>',
    env: ['CLOCK_ZONE', 'TZ'],
    parse: zoneName,
    help: "time zone of the shown time, as Europe/Madrid (default: the host's)",
  },
} as const satisfies OptionTable;
