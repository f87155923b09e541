import type { Limit, Limiter } from '../backend/limiter.ts';

/**
 * A fixed window, which begins with the first wrong code. Nine guesses are possible within seconds if the last four of a
 * window are made at its end, which is few of 28^8 codes.
 */
const windowMs = 600_000;
const wrongCodes: Limit = { name: 'wrong-codes', maxAttempts: 5, windowMs };
/** The same wrong code counts once. */
const sameCode: Limit = { name: 'wrong-code', maxAttempts: 1, windowMs };
/** Consumed by a wrong code. Until its window ends, a right code does not reset the window of `wrongCodes`. */
const anyWrongCode: Limit = { name: 'any-wrong-code', maxAttempts: 1, windowMs };

/** Limits the wrong pairing codes of an operator: after five, codes are refused until 10 minutes after the first. */
export class CodeGuesses {
  readonly #limiter: Limiter;

  constructor(limiter: Limiter) {
    this.#limiter = limiter;
  }

  /**
   * Resolves to the result of `lookUp`; beyond the limit, to the time until its window ends, ms. `isWrong`: whether a
   * result counts as a guess.
   */
  async attempt<Result>(
    account: string,
    code: string,
    lookUp: () => Promise<Result>,
    isWrong: (result: Result) => boolean,
  ): Promise<{ result: Result } | number> {
    const limiter = this.#limiter;
    // Counted before the code is looked up, so that a burst of requests gets no more answers than the limit.
    const waitMs = await limiter.consume(wrongCodes, account);
    if (waitMs !== null) return waitMs;
    let isNewWrongCode = false;
    try {
      const result = await lookUp();
      isNewWrongCode = isWrong(result) && (await limiter.consume(sameCode, `${account} ${code}`)) === null;
      return { result };
    } finally {
      if (isNewWrongCode) await limiter.consume(anyWrongCode, account);
      else if ((await limiter.check(anyWrongCode, account)) !== null) await limiter.refund(wrongCodes, account);
      else await limiter.reset(wrongCodes, account);
    }
  }
}
