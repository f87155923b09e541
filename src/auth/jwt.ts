import { createSecretKey, type KeyObject } from 'node:crypto';
import { decodeJwt, SignJWT, type JWTPayload } from 'jose';
import { headerOf, verifyHs256, type JwtRules } from './hs256.ts';

/** The purpose of a credential. Each has its own `typ` and audience, so none is accepted as another (RFC 8725, 3.11). */
export type CredentialKind = 'session' | 'token' | 'screen' | 'link';

export interface Claims {
  /** The id of the account; for a screen or a link, its own id. */
  subject: string;
  /** Unique among all credentials. */
  jti: string;
  /** Epoch ms of house time. `Infinity`: its record alone ends it. */
  expiresAt: number;
  /** The name of a token; sessions have none. */
  label?: string;
}

/** A proof that its holder has a valid token or link. It is used once, so it has its own `jti`. */
export interface TicketClaims {
  kind: 'token' | 'link';
  /** The claims of the token or link. */
  credential: Claims;
  jti: string;
  expiresAt: number;
}

const issuer = 'clock';
const algorithm = 'HS256';
/** One object for each kind: to make them for every request would take a twentieth of the CPU time of a handshake. */
const rules: Readonly<Record<CredentialKind | 'ticket', JwtRules>> = {
  session: rulesOf('session'),
  token: rulesOf('token'),
  screen: rulesOf('screen'),
  link: rulesOf('link'),
  ticket: rulesOf('ticket'),
};

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

  async sign(kind: CredentialKind, { label, ...claims }: Claims): Promise<string> {
    return this.#sign(kind, claims, label === undefined ? {} : { label });
  }

  /** The claims of a valid credential of this kind; null for an expired one and for any other text. */
  verify(kind: CredentialKind, credential: string): Claims | null {
    const payload = this.#verify(kind, credential);
    if (payload === null) return null;
    const { sub = '', jti = '', exp, label } = payload;
    const expiresAt = exp === undefined ? Infinity : exp * 1_000;
    return { subject: sub, jti, expiresAt, ...(typeof label === 'string' ? { label } : {}) };
  }

  async signTicket({ kind, credential, jti, expiresAt }: TicketClaims): Promise<string> {
    const { subject, jti: of, expiresAt: until, label } = credential;
    const extra = { kind, of, ...(until === Infinity ? {} : { until }), ...(label === undefined ? {} : { label }) };
    return this.#sign('ticket', { subject, jti, expiresAt }, extra);
  }

  /** The claims of a valid ticket; null for an expired one and for any other text. */
  verifyTicket(ticket: string): TicketClaims | null {
    const payload = this.#verify('ticket', ticket);
    if (payload === null) return null;
    const { sub = '', jti = '', exp = 0, kind, of, until, label } = payload;
    const credential = {
      subject: sub,
      jti: String(of),
      expiresAt: typeof until === 'number' ? until : Infinity,
      ...(typeof label === 'string' ? { label } : {}),
    };
    return { kind: kind === 'token' ? kind : 'link', credential, jti, expiresAt: exp * 1_000 };
  }

  #sign(kind: CredentialKind | 'ticket', { subject, jti, expiresAt }: Claims, extra: JWTPayload): Promise<string> {
    const jwt = new SignJWT(extra)
      .setProtectedHeader({ alg: algorithm, typ: typOf(kind) })
      .setIssuer(issuer)
      .setAudience(audienceOf(kind))
      .setSubject(subject)
      .setJti(jti)
      .setIssuedAt(Math.floor(this.#now() / 1_000));
    if (expiresAt !== Infinity) jwt.setExpirationTime(Math.floor(expiresAt / 1_000));
    return jwt.sign(this.#keys[0]);
  }

  #verify(kind: CredentialKind | 'ticket', text: string): JWTPayload | null {
    return verifyHs256(text, this.#keys, rules[kind], this.#now());
  }
}

/** The kind of a credential without a check of its signature; null if the text is not a credential. */
export function kindOf(credential: string): string | null {
  try {
    return kindOfTyp(headerOf(credential)['typ']);
  } catch {
    return null;
  }
}

/** The claims of a credential without a check of its signature; null if the text is not a credential. */
export function readUnverified(credential: string): { kind: string; jti: string; issuedAt: number } | null {
  try {
    const { typ } = headerOf(credential);
    const { jti = '', iat = 0 } = decodeJwt(credential);
    return { kind: kindOfTyp(typ), jti, issuedAt: iat * 1_000 };
  } catch {
    return null;
  }
}

function kindOfTyp(typ: unknown): string {
  const text = String(typ ?? '');
  return text.endsWith('+jwt') ? text.slice(0, -'+jwt'.length) : text;
}

function keyOf(secret: string): KeyObject {
  return createSecretKey(secret, 'utf8');
}

function rulesOf(kind: string): JwtRules {
  const requiredClaims = kind === 'screen' ? ['sub', 'jti', 'iat'] : ['sub', 'jti', 'iat', 'exp'];
  return { typ: typOf(kind), issuer, audience: audienceOf(kind), requiredClaims };
}

function typOf(kind: string): string {
  return `${kind}+jwt`;
}

function audienceOf(kind: string): string {
  return `${issuer}:${kind}`;
}
