import { SharedTimer } from '../../time/shared-timer.ts';

/**
 * Calls `onTimeout` when an answer does not arrive in time. After a stall of this process the answer may have arrived, but
 * Node.js runs timers before it reads from sockets. So sockets are read once more before the call.
 */
export class AnswerTimer {
  readonly #ms: number;
  readonly #timer: SharedTimer;
  #reading: NodeJS.Immediate | undefined;

  constructor(ms: number, onTimeout: (reason: Error) => void) {
    this.#ms = ms;
    this.#timer = new SharedTimer(() => {
      this.#reading = setImmediate(() => onTimeout(new Error(`timed out: no answer within ${ms} ms`)));
    });
  }

  /** Sets or moves it to the whole time from now. */
  restart(): void {
    clearImmediate(this.#reading);
    this.#timer.set(this.#ms);
  }

  clear(): void {
    clearImmediate(this.#reading);
    this.#timer.clear();
  }
}
