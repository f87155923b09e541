import { readFileSync } from 'node:fs';
import type { Logger } from '../logger.ts';

/** Descriptors that a process needs for everything but sockets. */
const reservedDescriptors = 256;

/** The number of sockets that this process can hold: `wanted`, or fewer if its limit of open files is lower. */
export function maxOpenSockets(wanted: number, log: Logger): number {
  const possible = Math.max(0, descriptorLimit() - reservedDescriptors);
  if (possible >= wanted) return wanted;
  log.info({ wanted, possible }, 'the limit of open files allows fewer sockets than --max-sockets');
  return possible;
}

/** Infinity if the limit is unknown, as on other systems than Linux. */
function descriptorLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
}
