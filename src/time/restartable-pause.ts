/** A pause that can begin anew without a new timer, for what is due a period after the last of many events. */
export class RestartablePause {
  readonly #ms: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number) {
    this.#ms = ms;
  }

  /** Resolves `ms` after the last call of this method or of `restart`, or as soon as `signal` aborts. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(this.#timer);
        // `refresh` would start a timer again that has ended.
        this.#timer = undefined;
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#timer = setTimeout(done, this.#ms);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }

  restart(): void {
    this.#timer?.refresh();
  }
}
