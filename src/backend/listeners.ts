import type { Logger } from '../logger.ts';

/** Calls each listener in turn. If one throws, the error is logged and the others are still called. */
export class Listeners<T> {
  readonly #listeners: T[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  get size(): number {
    return this.#listeners.length;
  }

  add(listener: T): void {
    this.#listeners.push(listener);
  }

  notify(call: (listener: T) => void): void {
    for (const listener of this.#listeners) {
      try {
        call(listener);
      } catch (error) {
        this.#log.error({ err: error }, 'a backend listener failed');
      }
    }
  }
}
