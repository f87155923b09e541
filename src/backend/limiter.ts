/** Allows `maxAttempts` within a fixed window, which starts with the first attempt. */
export interface Limit {
  /** Identifies the limit; attempts of different limits are counted separately. */
  name: string;
  maxAttempts: number;
  /** Rounded up to whole seconds. */
  windowMs: number;
}

/** Counts attempts per limit and key, over all processes. */
export interface Limiter {
  /** Counts an attempt. Resolves to null within the limit, else to the remaining time of the window, ms. */
  consume(limit: Limit, key: string): Promise<number | null>;
  /** Like `consume`, but does not count an attempt. */
  check(limit: Limit, key: string): Promise<number | null>;
  /** Removes one attempt from the count. */
  refund(limit: Limit, key: string): Promise<void>;
  /** Removes all attempts from the count. */
  reset(limit: Limit, key: string): Promise<void>;
}
