import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * Starts to measure a time that the clock promises. The returned function gives it in ms, without the time for which
 * this machine was too busy: what holds on an idle machine then holds on a busy one.
 */
export function stopwatch(): () => number {
  const startedAt = performance.now();
  const stalledMs = measureStall();
  return () => Math.max(0, performance.now() - startedAt - stalledMs());
}

/** Starts to measure, in ms, for how long processes wait for a CPU or a disk, and this machine for its host. */
export function measureStall(): () => number {
  const startedAt = performance.now();
  const before = pressureMs();
  return () => {
    const after = pressureMs();
    // Only Linux reports it. Any other system may be busy.
    if (before === null || after === null) return 0.75 * (performance.now() - startedAt);
    return after - before;
  };
}

/** For how long any process may have waited since the machine started, in ms; null if the system does not report it. */
function pressureMs(): number | null {
  const [cpu, io] = [pressureOf('cpu'), pressureOf('io')];
  // The kernel reports the average of the CPUs, and one of them may be the only busy one.
  return cpu === null || io === null ? null : availableParallelism() * cpu + io + stolenMs();
}

/** For how long the host of a virtual machine has used its CPUs for others, in ms; the pressure does not include it. */
function stolenMs(): number {
  // In ticks of 10 ms: user, nice, system, idle, iowait, irq, softirq, steal.
  const [, ticks = 0] = /^cpu +(?:\d+ ){7}(\d+)/.exec(readFileSync('/proc/stat', 'utf8')) ?? [];
  return 10 * Number(ticks);
}

function pressureOf(resource: 'cpu' | 'io'): number | null {
  try {
    const [, total] = /^some .* total=(\d+)$/m.exec(readFileSync(`/proc/pressure/${resource}`, 'utf8')) ?? [];
    return total === undefined ? null : Number(total) / 1_000;
  } catch {
    return null;
  }
}
