import { readFileSync } from 'node:fs';

/** What the kernel counts of a process: CPU time in microseconds (user and system), resident memory in KiB. */
export function usageOf(pid: number): { cpuUs: number; residentKiB: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const clockTicks = Number(fields[11]) + Number(fields[12]);
  const resident = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  // A clock tick is 10 ms on Linux, whatever the machine (USER_HZ = 100).
  return { cpuUs: clockTicks * 10_000, residentKiB: Number(resident ?? 0) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
