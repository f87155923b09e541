import type { Logger } from '../logger.ts';

/** Those who asked to be told. One that throws is logged, and the others are told all the same. */
export class Listeners<T> {
  readonly #all: T[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  get size(): number {
    return this.#all.length;
  }

  add(listener: T): void {
    this.#all.push(listener);
  }

  notify(call: (listener: T) => void): void {
    for (const listener of this.#all) {
      try {
        call(listener);
      } catch (error) {
        this.#log.error({ err: error }, 'a listener of the backend failed');
      }
    }
  }
}
