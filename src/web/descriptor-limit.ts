import { readFileSync } from 'node:fs';

/** Descriptors that a process needs for everything but sockets. */
const reservedDescriptors = 256;

/** The number of sockets that this process can hold: `wanted`, or fewer if its limit of open files is lower. */
export function maxOpenSockets(wanted: number): number {
  return Math.min(wanted, Math.max(0, descriptorLimit() - reservedDescriptors));
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
