import { runInBackground } from '../background.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { Unavailable, type Backend } from './backend.ts';

/** Warns if the backend may lose stored data, at the start and after each gap: a restart can change its settings. */
export class DurabilityCheck implements Service {
  readonly name = 'durability check';
  readonly #backend: Backend;
  readonly #log: Logger;

  constructor(backend: Backend, log: Logger) {
    this.#backend = backend;
    this.#log = log;
  }

  async start(): Promise<void> {
    this.#backend.records.subscribe({ onMessage: () => {}, onGap: () => runInBackground(this.#check()) });
    await this.#check();
  }

  async stop(): Promise<void> {}

  #check(): Promise<void> {
    const { address } = this.#backend;
    return this.#backend.checkDurability().then(
      (problems) => {
        for (const { problem } of problems) this.#log.warn({ address }, problem);
      },
      (error: unknown) => {
        // The backend itself logs an outage.
        if (!(error instanceof Unavailable)) this.#log.error({ address, err: error }, 'the durability check failed');
      },
    );
  }
}
