import { createLocalJWKSet, type JWTVerifyGetKey } from 'jose';
import { runInBackground } from '../../background.ts';
import type { Service } from '../../lifecycle.ts';
import type { Logger } from '../../logger.ts';
import { BadKeySet, describeKeySet, parseKeySet } from './key-set.ts';
import type { KeySource } from './key-source.ts';

const loadEveryMs = 600_000;
/** Tokens with unknown keys must not flood the issuer. */
const loadAtMostEveryMs = 10_000;

export interface KeyRingOptions {
  source: KeySource;
  /** Monotonic ms. */
  monotonicNow?: () => number;
  log: Logger;
}

/**
 * The public keys of an issuer. They are loaded at the start, every 10 minutes, and when a token names an unknown key,
 * at most once in 10 s. What is loaded replaces what was known; while nothing can be loaded, the known keys stay valid.
 */
export class KeyRing implements Service {
  readonly name = 'key ring';
  readonly #source: KeySource;
  readonly #monotonicNow: () => number;
  readonly #log: Logger;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #keyFor: JWTVerifyGetKey | null = null;
  #text: string | null = null;
  #triedAt = -Infinity;
  #loading: Promise<void> | null = null;
  #lastProblem: string | null = null;

  constructor({ source, monotonicNow = () => performance.now(), log }: KeyRingOptions) {
    this.#source = source;
    this.#monotonicNow = monotonicNow;
    this.#log = log;
  }

  /** Finds the key of a token, for jose; null before the first keys were loaded. */
  get keyFor(): JWTVerifyGetKey | null {
    return this.#keyFor;
  }

  /** Loads the keys of a file; begins to load those of an issuer, and does not wait, since it may be unavailable. */
  async start(): Promise<void> {
    const loaded = this.refresh();
    if (this.#source.isLocal) await loaded;
    else runInBackground(loaded);
    this.#timer = setInterval(() => runInBackground(this.refresh()), loadEveryMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#stopping.abort();
    await this.#loading;
  }

  /** Loads the keys, unless the last attempt began less than 10 s ago. Resolves when no attempt is in progress. */
  async refresh(): Promise<void> {
    const now = this.#monotonicNow();
    if (this.#loading === null && !this.#stopping.signal.aborted && now - this.#triedAt >= loadAtMostEveryMs) {
      this.#triedAt = now;
      this.#loading = this.#load().finally(() => (this.#loading = null));
    }
    await this.#loading;
  }

  /** Takes over the keys of a text. Throws a `BadKeySet`, and changes nothing, if it is not a usable key set. */
  #accept(text: string): void {
    if (text === this.#text) return;
    const set = parseKeySet(text);
    this.#keyFor = createLocalJWKSet({ keys: set.keys });
    this.#text = text;
    this.#log.info({ jwks: this.#source.name, keys: describeKeySet(set) }, 'keys of the shared sign-in loaded');
  }

  async #load(): Promise<void> {
    try {
      this.#accept(await this.#source.load(this.#stopping.signal));
      this.#lastProblem = null;
    } catch (error) {
      if (!(error instanceof BadKeySet)) throw error;
      if (this.#stopping.signal.aborted || error.message === this.#lastProblem) return;
      this.#lastProblem = error.message;
      const message = `the keys of the shared sign-in cannot be loaded: ${error.message}; known keys stay valid`;
      this.#log.warn({ jwks: this.#source.name }, message);
    }
  }
}
