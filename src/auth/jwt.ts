import { createSecretKey, type KeyObject } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';

/** The purpose of a credential. Each has its own `typ` and audience, so none is accepted as another (RFC 8725, 3.11). */
export type CredentialKind = 'session' | 'token';

export interface Claims {
  /** The id of the account. */
  account: string;
  /** Unique among all credentials. */
  jti: string;
  /** Epoch ms of house time. */
  expiresAt: number;
  /** The name of a token; sessions have none. */
  label?: string;
}

const issuer = 'clock';
const algorithm = 'HS256';

/** Signs credentials as JWTs with the first secret and verifies them with any of the secrets. */
export class Jwt {
  readonly #secrets: () => readonly [string, ...string[]];
  readonly #now: () => number;
  #cachedKeys: readonly [KeyObject, ...KeyObject[]] | undefined;

  /** `secrets`: of 32 bytes or more each; called once, at the first use. `now`: house time, epoch ms. */
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

  /** The claims of a valid credential of this kind; null for an expired one and for any other text. */
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
