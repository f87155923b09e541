import type { HouseTime } from '../time/house-time.ts';
import { kindOf, type Claims, type CredentialKind, type Jwt } from './jwt.ts';
import type { SessionCache } from './session-cache.ts';
import { hasAccount, sharedRecordId, unreadSession, type Session, type SharedIdentity } from './session.ts';

export interface CredentialsOptions {
  jwt: Jwt;
  time: HouseTime;
  cache: SessionCache;
}

/**
 * Signs credentials, and finds the session of a signed one. Reads no record, so it also works during an outage;
 * `Sessions.isValid` reads the record.
 */
export class Credentials {
  readonly #options: CredentialsOptions;

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  /** The credential of a screen or a link, for its cookie. A screen's does not expire: its record ends it. */
  async sign(kind: 'screen' | 'link', id: string, jti: string, expiresAt = Infinity): Promise<string> {
    return this.#options.jwt.sign(kind, { subject: id, jti, expiresAt });
  }

  /** The session of a credential; null if the credential is forged, expired or of another kind. */
  verify(kind: CredentialKind, credential: string): Session | null {
    return this.#cached(credential, [kind]) ?? this.#verify(kind, credential);
  }

  /** Like `verify`, for a credential of any of these kinds. */
  verifyAny(kinds: readonly CredentialKind[], credential: string): Session | null {
    const cached = this.#cached(credential, kinds);
    if (cached !== null) return cached;
    const named = kindOf(credential);
    const kind = kinds.find((each) => each === named);
    return kind === undefined ? null : this.#verify(kind, credential);
  }

  /** The session that verified claims name; null if the cache has another session with that `jti`. */
  sessionOf(kind: CredentialKind, claims: Claims, credential: string | null): Session | null {
    const { cache } = this.#options;
    const { subject, jti, expiresAt } = claims;
    const account = hasAccount({ kind }) ? subject : '';
    const recordId = recordIdOf(kind, claims);
    const known = cache.getByJti(jti);
    if (known !== undefined) {
      const isSame = known.kind === kind && known.account === account && known.recordId === recordId;
      return isSame ? cache.add(known) : null;
    }
    return cache.add(unreadSession({ kind, jti, account, recordId, credential, expiresAt }));
  }

  /** The session of a person who is signed in by another application. `jti` identifies the credential. */
  shared(jti: string, shared: SharedIdentity, expiresAt: number): Session {
    const { cache } = this.#options;
    const known = cache.getByJti(jti);
    if (known !== undefined && !known.hasEnded) return cache.add(known);
    const { account } = shared;
    const recordId = sharedRecordId(jti, expiresAt);
    const session = unreadSession({ kind: 'session', jti, account, recordId, credential: null, expiresAt });
    return cache.add({ ...session, shared });
  }

  #cached(credential: string, kinds: readonly CredentialKind[]): Session | null {
    const { cache, time } = this.#options;
    const cached = cache.getByCredential(credential);
    if (cached === undefined || !kinds.includes(cached.kind)) return null;
    return cached.credentialExpiresAt > time.now() ? cached : null;
  }

  #verify(kind: CredentialKind, credential: string): Session | null {
    const claims = this.#options.jwt.verify(kind, credential);
    return claims === null ? null : this.sessionOf(kind, claims, credential);
  }
}

function recordIdOf(kind: CredentialKind, { subject, jti, label }: Claims): string {
  if (kind === 'session') return `${subject}/${jti}`;
  return kind === 'token' ? (label ?? jti) : subject;
}
