import { measureStall } from './stopwatch.ts';

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
      process.stderr.write(`once more after a stall of ${stall.ms.toFixed(0)} ms within a second: ${String(error)}\n`);
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
