import { SharedTimer } from './shared-timer.ts';

/** A pause that can begin anew, for what is due a period after the last of many events. */
export class RestartablePause {
  readonly #ms: number;
  #end = (): void => {};
  readonly #timer = new SharedTimer(() => this.#end());

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Resolves `ms` after the last call of this method or of `restart`, or as soon as `signal` aborts or it is ended. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#timer.clear();
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#end = end;
      this.#timer.set(this.#ms);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }

  /** Lets the current wait last for `ms` from now on. */
  restart(ms = this.#ms): void {
    if (this.#timer.isSet) this.#timer.set(ms);
  }

  /** Ends the current wait at once. */
  end(): void {
    this.#end();
  }
}
