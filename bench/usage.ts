import { readdirSync, readFileSync } from 'node:fs';

/**
 * The usage of a process according to the kernel: CPU time (user and system) in µs, without threads that have ended, and
 * resident memory in KiB.
 */
export function usageOf(pid: number): { cpuUs: number; residentKiB: number } {
  // In ns per thread, while /proc/PID/stat counts in steps of 10 ms.
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]),
  );
  const cpuNs = threads.reduce((sum, ns) => sum + ns, 0);
  const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return { cpuUs: cpuNs / 1_000, residentKiB: Number(resident ?? 0) };
}

/** The value in the middle, or the mean of the two in the middle; NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = sorted.slice(Math.ceil(middle) - 1, Math.floor(middle) + 1);
  return (low + high) / 2;
}
