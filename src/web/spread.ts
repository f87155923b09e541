import { Unavailable, type Backend } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';

const leastMs = 500;
const mostMs = 8_000;
const msPerSocket = 0.7;
const countEveryMs = 1_000;

export interface SpreadOptions {
  backend: Pick<Backend, 'reportConnections'>;
  /** Names this process among all that count. */
  owner: string;
  connections: () => number;
}

/** Over how long screens are to spread their return, so that they never come as a herd: by how many there are. */
export class Spread implements Service {
  readonly name = 'spread';
  readonly #options: SpreadOptions;
  #timer: NodeJS.Timeout | undefined;
  #ms = leastMs;

  constructor(options: SpreadOptions) {
    this.#options = options;
  }

  get ms(): number {
    return this.#ms;
  }

  async start(): Promise<void> {
    await this.#count();
    this.#timer = setInterval(() => void this.#count(), countEveryMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  async #count(): Promise<void> {
    const { backend, owner, connections: sockets } = this.#options;
    try {
      const total = await backend.reportConnections(owner, sockets());
      this.#ms = Math.round(Math.min(mostMs, Math.max(leastMs, total * msPerSocket)));
    } catch (error) {
      // Cut off from the others, the last count is the best there is.
      if (!(error instanceof Unavailable)) throw error;
    }
  }
}
