import { createHash, createSecretKey } from 'node:crypto';
import {
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type CryptoKey,
  type JWTPayload,
  type JWTVerifyOptions,
  type KeyObject,
} from 'jose';
import { accountId, accountNamePattern } from '../accounts.ts';
import type { SharedIdentity } from '../session.ts';
import { claimOf, hasClaim } from './claims.ts';
import type { KeyRing } from './key-ring.ts';
import { publicKeyAlgorithms } from './key-set.ts';
import type { Refusal } from './refusals.ts';

const dayMs = 86_400_000;
const maxLifetimeMs = 400 * dayMs;
/** Of the clocks, for `nbf` and `iat`. `exp` is taken exactly. */
const toleranceS = 60;
/** A token without a `kid` may be signed by any key of its algorithm. */
const maxTriedKeys = 4;

/** What a token of the other application must contain, and what it says. */
export interface TokenRules {
  audience: string;
  issuer: string | undefined;
  /** The claim with the name of the account. */
  claim: string;
  operators: { claim: string; value: string } | undefined;
}

/** A valid token of the other application. */
export interface SharedToken {
  /** A hash of its header and claims. */
  id: string;
  identity: SharedIdentity;
  /** Epoch ms. */
  expiresAt: number;
}

/** Verifies JWTs of another application. */
export class TokenVerifier {
  readonly #rules: TokenRules;
  readonly #now: () => number;
  readonly #keys: KeyRing | readonly KeyObject[];

  /** `keys`: public ones, or secrets for HS256. `now`: house time, epoch ms. */
  constructor(rules: TokenRules, keys: KeyRing | readonly [string, ...string[]], now: () => number) {
    this.#rules = rules;
    this.#keys = isSecrets(keys) ? keys.map((secret) => createSecretKey(secret, 'utf8')) : keys;
    this.#now = now;
  }

  async verify(token: string): Promise<SharedToken | Refusal> {
    const kid = kidOf(token);
    if (kid === null) return { reason: 'malformed' };
    try {
      const payload = await ('keyFor' in this.#keys
        ? this.#verifyByRing(this.#keys, token, kid)
        : this.#verifyByAny(this.#keys, token, ['HS256']));
      return payload === null ? { reason: 'no-keys' } : this.#tokenOf(token, payload);
    } catch (error) {
      return refusalOf(error);
    }
  }

  /** Resolves to null before the first keys are loaded. */
  async #verifyByRing(ring: KeyRing, token: string, kid: unknown): Promise<JWTPayload | null> {
    if (ring.keyFor === null) await ring.refresh();
    const before = ring.keyFor;
    if (before === null) return null;
    try {
      return await this.#verifyByPublicKey(before, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || typeof kid !== 'string') throw error;
      await ring.refresh();
      const after = ring.keyFor;
      if (after === null || after === before) throw error;
      return this.#verifyByPublicKey(after, token);
    }
  }

  async #verifyByPublicKey(keyFor: KeyRing['keyFor'] & {}, token: string): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, keyFor, this.#options(publicKeyAlgorithms))).payload;
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
      const keys: CryptoKey[] = [];
      for await (const key of error) if (keys.push(key) === maxTriedKeys) break;
      return this.#verifyByAny(keys, token, publicKeyAlgorithms);
    }
  }

  /** Tries one key after another. */
  async #verifyByAny(
    keys: readonly (KeyObject | CryptoKey)[],
    token: string,
    algorithms: string[],
  ): Promise<JWTPayload> {
    for (const key of keys) {
      try {
        return (await jwtVerify(token, key, this.#options(algorithms))).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  #options(algorithms: string[]): JWTVerifyOptions {
    const { audience, issuer } = this.#rules;
    return {
      algorithms,
      audience,
      ...(issuer === undefined ? {} : { issuer }),
      requiredClaims: ['exp'],
      clockTolerance: toleranceS,
      currentDate: new Date(this.#now()),
    };
  }

  #tokenOf(token: string, payload: JWTPayload): SharedToken | Refusal {
    const { exp = 0, iat, iss, sub } = payload;
    const now = this.#now();
    const expiresAt = exp * 1_000;
    if (expiresAt <= now) return { reason: 'expired' };
    if (expiresAt > now + maxLifetimeMs) return { reason: 'far-expiry' };
    if (iat !== undefined && iat * 1_000 > now + toleranceS * 1_000) return { reason: 'not-yet' };
    const { claim, operators } = this.#rules;
    const name = claimOf(payload, claim);
    if (typeof name !== 'string' || !accountNamePattern.test(name)) return { reason: 'name', found: claim };
    if (sub !== undefined && typeof sub !== 'string') return { reason: 'claims', found: 'sub' };
    if (iss !== undefined && typeof iss !== 'string') return { reason: 'claims', found: 'iss' };
    const isOperator = operators !== undefined && hasClaim(payload, operators);
    const account = accountId(name);
    const identity = { account, name, origin: { issuer: iss ?? null, subject: sub ?? null }, isOperator };
    return { id: idOf(token), identity, expiresAt };
  }
}

function isSecrets(keys: KeyRing | readonly string[]): keys is readonly string[] {
  return Array.isArray(keys);
}

/** The `kid` of a JWT; undefined without one, null for a text that is not a signed JWT. */
function kidOf(token: string): unknown {
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(token)) return null;
  try {
    return decodeProtectedHeader(token).kid;
  } catch {
    return null;
  }
}

/** The signature does not count: ECDSA has several for the same header and claims. */
function idOf(token: string): string {
  return createHash('sha256')
    .update(token.slice(0, token.lastIndexOf('.')))
    .digest('base64url');
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof errors.JWTExpired) return { reason: 'expired' };
  if (error instanceof errors.JWTClaimValidationFailed) return claimRefusal(error);
  if (error instanceof errors.JWSSignatureVerificationFailed) return { reason: 'signature' };
  if (error instanceof errors.JWKSNoMatchingKey) return { reason: 'unknown-key' };
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported) {
    return { reason: 'algorithm' };
  }
  if (error instanceof errors.JOSEError || error instanceof TypeError) return { reason: 'malformed' };
  throw error;
}

function claimRefusal({ claim, reason, payload }: errors.JWTClaimValidationFailed): Refusal {
  const found = JSON.stringify(payload[claim]);
  if (claim === 'aud') return { reason: 'audience', found };
  if (claim === 'iss') return { reason: 'issuer', found };
  if (claim === 'exp' && reason === 'missing') return { reason: 'no-expiry' };
  if (claim === 'nbf' && reason === 'check_failed') return { reason: 'not-yet' };
  return { reason: 'claims', found: claim };
}
