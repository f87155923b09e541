import { runInBackground } from '../background.ts';
import type { Service } from '../lifecycle.ts';
import type { MetricsSnapshot } from '../metrics-total.ts';
import type { ParentChannel } from './parent-channel.ts';

const compareEveryMs = 100;

export interface ChildReportOptions {
  parent: Pick<ParentChannel, 'send' | 'onAsk'>;
  /** Why this process alone is not ready, in one word; null if it is. */
  unready: () => string | null;
  /** The metrics of this process; empty without an internal port. */
  snapshot: () => Promise<MetricsSnapshot>;
}

/** Reports to the parent that this process listens, whether it is ready, and its metrics. Starts last. */
export class ChildReport implements Service {
  readonly name = 'report to the parent';
  readonly #options: ChildReportOptions;
  #reported: string | null = null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ChildReportOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { parent, unready, snapshot } = this.#options;
    parent.onAsk(() => runInBackground(this.#answer(snapshot)));
    this.#reported = unready();
    await parent.send({ kind: 'listening', unready: this.#reported });
    this.#timer = setInterval(() => this.#compare(), compareEveryMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#compare();
  }

  #compare(): void {
    const { parent, unready } = this.#options;
    const reason = unready();
    if (reason === this.#reported) return;
    this.#reported = reason;
    runInBackground(parent.send({ kind: 'unready', reason }));
  }

  /** The metrics may wait for Redis, and a slow Redis must not make this process count as unresponsive. */
  async #answer(snapshot: () => Promise<MetricsSnapshot>): Promise<void> {
    const { parent } = this.#options;
    await parent.send({ kind: 'responding' });
    await parent.send({ kind: 'metrics', snapshot: await snapshot() });
  }
}
