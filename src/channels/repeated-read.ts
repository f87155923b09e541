import { runInBackground } from '../background.ts';
import { Unavailable } from '../backend/backend.ts';

const retryAfterMs = 250;

/** Reads stored data again whenever it may have changed, one read at a time. Retries during an outage. */
export class RepeatedRead {
  readonly #read: () => Promise<void>;
  #reading: Promise<void> | null = null;
  #isRequested = false;
  #isStopped = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(read: () => Promise<void>) {
    this.#read = read;
  }

  /** Resolves when what is stored now has been read, or at an outage. */
  async request(): Promise<void> {
    this.#isRequested = true;
    this.#reading ??= this.#run().finally(() => (this.#reading = null));
    await this.#reading;
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retry);
  }

  async #run(): Promise<void> {
    clearTimeout(this.#retry);
    while (this.#isRequested && !this.#isStopped) {
      this.#isRequested = false;
      try {
        await this.#read();
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        if (!this.#isStopped) this.#retry = setTimeout(() => runInBackground(this.request()), retryAfterMs);
        return;
      }
    }
  }
}
