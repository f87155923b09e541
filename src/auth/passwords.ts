import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { availableParallelism } from 'node:os';

/** Bounds of a password, in code points after NFC (NIST SP 800-63B: length counts, composition rules do not). */
const passwordLength = { least: 15, most: 128 } as const;

const saltBytes = 16;
const keyBytes = 32;
/** 16 MiB and about 0.2 s a try: of OWASP's equivalent settings, the one of least memory. */
const cost = { N: 2 ** 14, r: 8, p: 5 } as const satisfies ScryptOptions;
const waitingAtMost = 8;

/** Thrown when so many passwords wait to be checked that a further one would wait too long. */
export class TooBusy extends Error {
  override readonly name = 'TooBusy';
}

/** What is wrong with a new password, as a sentence for the person who chose it; null when nothing is. */
export function passwordProblem(password: string, accountName: string): string | null {
  const text = password.normalize('NFC');
  const characters = [...text];
  if (characters.length < passwordLength.least || characters.length > passwordLength.most) {
    return `A password has ${passwordLength.least} to ${passwordLength.most} characters.`;
  }
  if (text.toLowerCase() === accountName.toLowerCase()) return 'A password is not the name of its account.';
  if (new Set(characters).size === 1) return 'A password is not one character repeated.';
  return null;
}

/** Hashes and checks passwords with scrypt, a bounded number at a time, so that sign-ins never starve the ticks. */
export class Passwords {
  readonly #atOnce: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #decoy: Promise<string> | undefined;

  constructor(atOnce = Math.max(1, availableParallelism() - 1)) {
    this.#atOnce = atOnce;
  }

  /** A hash to be stored: `scrypt$N$r$p$salt$key`. Rejects with `TooBusy`. */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltBytes);
    const key = await this.#derive(password, salt, cost);
    return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$');
  }

  /**
   * Whether the password is the hashed one. Without a hash (no such account) it is false and takes as long.
   * Rejects with `TooBusy`.
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    this.#decoy ??= this.hash(randomBytes(saltBytes).toString('hex'));
    const [, N, r, p, salt, key] = (hash ?? (await this.#decoy)).split('$');
    if (salt === undefined || key === undefined) throw new Error('a stored password hash is malformed');
    const expected = Buffer.from(key, 'base64url');
    const options = { N: Number(N), r: Number(r), p: Number(p) };
    const actual = await this.#derive(password, Buffer.from(salt, 'base64url'), options);
    return timingSafeEqual(actual, expected) && hash !== undefined;
  }

  async #derive(password: string, salt: Buffer, options: ScryptOptions): Promise<Buffer> {
    await this.#enter();
    try {
      return await new Promise((resolve, reject) => {
        scrypt(password.normalize('NFC'), salt, keyBytes, { ...options, maxmem: 64 * 2 ** 20 }, (error, key) => {
          if (error) reject(error);
          else resolve(key);
        });
      });
    } finally {
      this.#leave();
    }
  }

  #enter(): Promise<void> | void {
    if (this.#running < this.#atOnce) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= waitingAtMost) throw new TooBusy('too many passwords are being checked');
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Hands the place on to the one who waits longest. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#running -= 1;
  }
}
