import type { Service } from '../../lifecycle.ts';
import type { Logger } from '../../logger.ts';
import { Unavailable, type Backend } from '../backend.ts';

/** Warns, at start and whenever Redis came back, when it may lose what it holds: the accounts live there. */
export class DurabilityCheck implements Service {
  readonly name = 'redis audit';
  readonly #backend: Backend;
  readonly #log: Logger;

  constructor(backend: Backend, log: Logger) {
    this.#backend = backend;
    this.#log = log;
  }

  async start(): Promise<void> {
    this.#backend.records.subscribe({ onMessage: () => {}, onGap: () => void this.#look() });
    await this.#look();
  }

  async stop(): Promise<void> {}

  async #look(): Promise<void> {
    const { address } = this.#backend;
    try {
      const { persistence, eviction } = await this.#backend.checkDurability();
      if (persistence !== null) this.#log.warn({ address }, persistence);
      if (eviction !== null) this.#log.warn({ address }, eviction);
    } catch (error) {
      if (!(error instanceof Unavailable))
        this.#log.warn({ address, err: error }, 'Redis does not tell how it is set up');
    }
  }
}
