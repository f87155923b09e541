import { alertOptions } from '../alerts/options.ts';
import { authorityOptions } from '../authority/options.ts';
import { dataOptions, redisOptions } from '../backend/options.ts';
import { beatOptions } from '../beat/options.ts';
import { watchOptions } from '../commands/options.ts';
import { commonOptions, type OptionTable } from '../config.ts';
import { webOptions } from '../web/options.ts';
import { workerOptions } from '../worker/options.ts';

/** All options, by the part that uses them. */
export const optionTables = {
  common: commonOptions,
  redis: redisOptions,
  data: dataOptions,
  web: webOptions,
  authority: authorityOptions,
  worker: workerOptions,
  beat: beatOptions,
  alerts: alertOptions,
  watch: watchOptions,
} as const satisfies Record<string, OptionTable>;

// The options of each command.
export const webTable = { ...commonOptions, ...redisOptions, ...webOptions, ...authorityOptions } as const;
export const workerTable = { ...commonOptions, ...redisOptions, ...workerOptions } as const;
export const beatTable = { ...commonOptions, ...redisOptions, ...beatOptions, ...alertOptions } as const;
export const allTable = { ...webTable, ...workerTable, ...beatTable, ...dataOptions } as const;
/** Of `clock screens link`. */
export const linkTable = { publicUrl: webOptions.publicUrl } as const;
export const backendTable = { ...redisOptions, ...dataOptions, secrets: webOptions.secrets } as const;
export const probeTable = {
  port: webOptions.port,
  host: webOptions.host,
  internalPort: commonOptions.internalPort,
  internalHost: commonOptions.internalHost,
  tlsCert: webOptions.tlsCert,
} as const;
