import { Deadline } from './deadline.ts';

/** A pause that can begin anew, for what is due a period after the last of many events. */
export class RestartablePause {
  readonly #ms: number;
  #end = (): void => {};
  readonly #deadline = new Deadline(() => this.#end());

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Resolves `ms` after the last call of this method or of `restart`, or as soon as `signal` aborts or it is ended. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#deadline.clear();
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#end = end;
      this.#deadline.set(this.#ms);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }

  /** Lets the current wait last for `ms` from now on. */
  restart(ms = this.#ms): void {
    if (this.#deadline.isSet) this.#deadline.set(ms);
  }

  /** Ends the current wait at once. */
  end(): void {
    this.#end();
  }
}
