import { createSecretKey, type KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';

/** What a credential is for; each is its own `typ` and audience, so that none passes for another (RFC 8725, 3.11). */
export type CredentialKind = 'session' | 'token';

export interface Claims {
  /** The id of the account. */
  account: string;
  /** Names this credential among all. */
  jti: string;
  /** Epoch ms of house time. */
  expiresAt: number;
  /** What its person calls it; a token's alone. */
  label?: string;
}

const issuer = 'clock';
const algorithm = 'HS256';

/** Signs and checks credentials: JWTs under the first secret, good under any of them. */
export class Jwt {
  readonly #secrets: () => readonly [string, ...string[]];
  readonly #now: () => number;
  #cachedKeys: readonly [KeyObject, ...KeyObject[]] | undefined;

  /** `secrets`: at least one, of 32 bytes or more; asked for once, when first needed. `now`: house time. */
  constructor(secrets: () => readonly [string, ...string[]], now: () => number) {
    this.#secrets = secrets;
    this.#now = now;
  }

  get #keys(): readonly [KeyObject, ...KeyObject[]] {
    if (this.#cachedKeys === undefined) {
      const [first, ...others] = this.#secrets();
      this.#cachedKeys = [keyOf(first), ...others.map(keyOf)];
    }
    return this.#cachedKeys;
  }

  async sign(kind: CredentialKind, { account, jti, expiresAt, label }: Claims): Promise<string> {
    return new SignJWT(label === undefined ? {} : { label })
      .setProtectedHeader({ alg: algorithm, typ: `${kind}+jwt` })
      .setIssuer(issuer)
      .setAudience(`${issuer}:${kind}`)
      .setSubject(account)
      .setJti(jti)
      .setIssuedAt(Math.floor(this.#now() / 1_000))
      .setExpirationTime(Math.floor(expiresAt / 1_000))
      .sign(this.#keys[0]);
  }

  /** What a genuine credential of this kind says; null for any other text, and for an expired one. */
  async verify(kind: CredentialKind, credential: string): Promise<Claims | null> {
    for (const key of this.#keys) {
      try {
        const { payload } = await jwtVerify<{ label?: unknown }>(credential, key, {
          algorithms: [algorithm],
          typ: `${kind}+jwt`,
          issuer,
          audience: `${issuer}:${kind}`,
          currentDate: new Date(this.#now()),
          requiredClaims: ['sub', 'jti', 'iat', 'exp'],
        });
        const { sub = '', jti = '', exp = 0, label } = payload;
        return { account: sub, jti, expiresAt: exp * 1_000, ...(typeof label === 'string' ? { label } : {}) };
      } catch (error) {
        if (error instanceof errors.JWSSignatureVerificationFailed) continue;
        if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
        throw error;
      }
    }
    return null;
  }
}

function keyOf(secret: string): KeyObject {
  return createSecretKey(secret, 'utf8');
}
