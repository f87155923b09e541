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

/** The least stall within a second that can explain a failure, ms: a page replaces a socket whose sync takes this long. */
const disturbanceMs = 700;
const sampleEveryMs = 250;
const samplesPerSecond = 4;

/**
 * Runs `attempt`; again, up to twice, if it fails while the machine was too busy, and prints that. For promises that a
 * pause of any process breaks, such as that a page stays live. Never again after `signal`, which is that of the test: the
 * next test uses the same variables.
 */
export async function undisturbed(attempt: () => Promise<void>, signal?: AbortSignal): Promise<void> {
  for (let repeatsLeft = 2; ; repeatsLeft -= 1) {
    using stall = new LongestStall();
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (repeatsLeft === 0 || stall.ms < disturbanceMs) throw error;
      console.warn(`once more after a stall of ${stall.ms.toFixed(0)} ms within a second:`, error);
    }
  }
}

/** Measures the longest stall within a second, until it is disposed. */
class LongestStall implements Disposable {
  readonly #stalledMs = measureStall();
  readonly #samples = [0];
  readonly #interval = setInterval(() => this.#samples.push(this.#stalledMs()), sampleEveryMs);

  get ms(): number {
    const samples = [...this.#samples, this.#stalledMs()];
    return Math.max(...samples.map((sample, index) => sample - (samples[Math.max(0, index - samplesPerSecond)] ?? 0)));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#interval);
  }
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
