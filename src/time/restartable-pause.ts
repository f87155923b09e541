import { SharedTimer } from './shared-timer.ts';

/** A pause that can begin anew, for what is due a period after the last of many events. */
export class RestartablePause {
  #end = (): void => {};
  #isClosed = false;
  readonly #timer = new SharedTimer(() => this.#end());

  /** Resolves after `ms`, or when it is ended or closed, or when `signal` aborts. */
  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#timer.clear();
        signal?.removeEventListener('abort', end);
        resolve();
      };
      this.#end = end;
      this.#timer.set(ms);
      signal?.addEventListener('abort', end);
      if (this.#isClosed || signal?.aborted === true) end();
    });
  }

  /** Lets the current wait last for `ms` from now on. */
  restart(ms: number): void {
    if (this.#timer.isSet) this.#timer.set(ms);
  }

  /** Ends the current wait at once. */
  end(): void {
    this.#end();
  }

  /** Ends the current wait and each later one at once. */
  close(): void {
    this.#isClosed = true;
    this.#end();
  }
}
