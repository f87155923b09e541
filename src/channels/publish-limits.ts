import type { Limit, Limiter } from '../backend/limiter.ts';

const perCredential: Limit = { name: 'publish-credential', maxAttempts: 10, windowMs: 1_000 };
const perInstallation: Limit = { name: 'publish', maxAttempts: 50, windowMs: 1_000 };

/** Counts the messages of programs and operators over all processes. Commands on the host are not counted. */
export class PublishLimits {
  readonly #limiter: Limiter;

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
  }

  /** Counts a message of a token or session. Resolves to null within the limits, else to the time to wait, ms. */
  async consume(jti: string): Promise<number | null> {
    return (await this.#limiter.consume(perCredential, jti)) ?? (await this.#limiter.consume(perInstallation, 'all'));
  }
}
