import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import pLimit from 'p-limit';
import { normalizeSecret } from '../secrets.ts';

/** Bounds of a password's length, in code points after `normalizeSecret` (NIST SP 800-63B: no composition rules). */
const passwordLength = { min: 15, max: 128 } as const;

const saltBytes = 16;
const keyBytes = 32;
/** 16 MiB and about 0.2 s per hash: of the equivalent settings that OWASP lists, the one with the least memory. */
const cost = { N: 2 ** 14, r: 8, p: 5 } as const satisfies ScryptOptions;
/** The maximum number of hashes that wait for a free slot. */
const maxWaiting = 8;

/** Thrown when too many passwords already wait to be hashed. */
export class TooBusy extends Error {
  override readonly name = 'TooBusy';
}

/** Why a new password is not allowed, as a phrase that follows "The password"; null if it is allowed. */
export function passwordProblem(password: string, accountName: string): string | null {
  const text = normalizeSecret(password);
  if (text === null) return 'must not contain control characters';
  const characters = [...text];
  const { min, max } = passwordLength;
  if (characters.length < min || characters.length > max) return `must have ${min} to ${max} characters`;
  if (text.toLowerCase() === accountName.toLowerCase()) return 'must not be the name of the account';
  if (new Set(characters).size === 1) return 'must not be a single character repeated';
  return null;
}

/**
 * How many hashes may run at a time in each of `processes` that share the cores. Each hash occupies one of the four
 * threads of libuv's pool, which name lookups, file reads and the verification of credentials need too, and one core.
 */
export function hashConcurrency(cores: number, processes: number): number {
  return Math.max(1, Math.min(3, Math.floor((cores - 1) / processes)));
}

/** Hashes and verifies passwords with scrypt, a limited number at a time. */
export class Passwords {
  readonly #limit: ReturnType<typeof pLimit>;
  /** The hash of a random key, verified in place of an account that does not exist: both cases take the same time. */
  readonly #decoy = formatHash(randomBytes(saltBytes), randomBytes(keyBytes));

  constructor(concurrency: number) {
    this.#limit = pLimit(concurrency);
  }

  /** The hash to store: `scrypt$N$r$p$salt$key`. `passwordProblem` must be null for it. Rejects with `TooBusy`. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltBytes);
    return formatHash(salt, await this.#derive(password, salt, cost));
  }

  /**
   * Whether the password matches the hash. Without a hash (no such account) the result is false, after the same time.
   * Rejects with `TooBusy`.
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    const [, N, r, p, salt, key] = (hash ?? this.#decoy).split('$');
    if (salt === undefined || key === undefined) throw new Error('a stored password hash is malformed');
    const expected = Buffer.from(key, 'base64url');
    const options = { N: Number(N), r: Number(r), p: Number(p) };
    const actual = await this.#derive(password, Buffer.from(salt, 'base64url'), options);
    return timingSafeEqual(actual, expected) && hash !== undefined;
  }

  async #derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
    if (this.#limit.pendingCount >= maxWaiting) throw new TooBusy('too many passwords are being checked');
    return this.#limit(
      () =>
        new Promise((resolve, reject) => {
          scrypt(
            normalizeSecret(password) ?? password,
            salt,
            keyBytes,
            { ...options, maxmem: 64 * 2 ** 20 },
            (error, key) => {
              if (error) reject(error);
              else resolve(key);
            },
          );
        }),
    );
  }
}

function formatHash(salt: Buffer, key: Buffer): string {
  return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');
}
