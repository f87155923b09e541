import type { CredentialKind } from './jwt.ts';

/**
 * A session of a browser, a token of a program, a paired screen or a link, as this process knows it. Instants are epoch
 * ms of house time.
 */
export interface Session {
  readonly kind: CredentialKind;
  /** Unique among the sessions of all kinds. */
  readonly jti: string;
  /** The id of the account; empty for a screen and a link, which belong to no account. */
  readonly account: string;
  readonly recordId: string;
  /** Null if this process knows it only by a ticket. */
  readonly credential: string | null;
  readonly credentialExpiresAt: number;
  /** The earlier expiry of credential and record. A renewal of the record extends it. */
  expiresAt: number;
  /** When the record was last read. */
  recordReadAt: number;
  /** When a request last carried the credential. */
  usedAt: number;
  /** Whether this process was notified of its end. It never becomes valid again. */
  hasEnded: boolean;
  /** Whether its record is not yet marked as used. */
  isUnused?: boolean;
  /** Whether its account is an operator's. */
  isOperator?: boolean;
  /** The group of a screen or a link. */
  group?: string | null;
  /** The channels that it may publish on. Only tokens can have any. */
  publishes?: readonly string[];
  /** Set if another application has signed the person in. Then the session has no record. */
  readonly shared?: SharedIdentity;
}

/** Who a person is according to another application. */
export interface SharedIdentity {
  /** The id of the account. */
  account: string;
  /** Matches `accountNamePattern`. */
  name: string;
  /** Null if an authenticating proxy names the person without a token. */
  origin: SharedOrigin | null;
  /** Whether the credential makes the person an operator. */
  isOperator: boolean;
}

/** Identifies a person at another application: the claims `iss` and `sub`, which never change. Null if missing. */
export interface SharedOrigin {
  issuer: string | null;
  subject: string | null;
}

/** A session that was just opened: its credential belongs in the cookie. */
export type OpenedSession = Session & { readonly credential: string };

/** What the record of every kind contains. */
export interface CredentialRecord {
  jti: string;
  renewedAt?: number;
  expiresAt: number;
  /** False for a screen that was never used. */
  wasUsed?: boolean;
  /** Only of a screen or a link. */
  group?: string | null;
}

/** The record of a session or a token. Instants are epoch ms of house time. */
export interface SessionRecord extends CredentialRecord {
  /** The id of the account. */
  account: string;
  /** The account's stamp when the session or token was created. */
  securityStamp: string;
  createdAt: number;
  renewedAt: number;
  /** Only of a token. */
  publishes?: readonly string[] | undefined;
}

/** The part of an account's record that its sessions and tokens depend on. */
export interface AccountSecurity {
  /** Random. A new stamp ends all sessions and tokens that were created under the old one. */
  securityStamp: string;
  /** The `jti` of the session that the latest new stamp did not end. */
  exemptSession?: string | undefined;
  disabled?: boolean;
  /** Set if people sign in to the account through another application; `origin` is null before the first token. */
  sso?: { origin: SharedOrigin | null } | undefined;
  operator?: boolean;
}

/** The sessions of a process's open sockets. */
export interface OpenSessions {
  /** The session with that `jti` if it has an open socket. */
  openSession(jti: string): Session | undefined;
  /** All sessions with an open socket. */
  sessions(): Iterable<Session>;
}

/** Whether it belongs to an account, as sessions and tokens do. */
export function hasAccount({ kind }: Pick<Session, 'kind'>): boolean {
  return kind === 'session' || kind === 'token';
}

/** Whether the record of a session or token is valid for the current state of its account. */
export function grantsAccess(record: SessionRecord, account: AccountSecurity | null): boolean {
  if (account === null) return false;
  return record.securityStamp === account.securityStamp || record.jti === account.exemptSession;
}

/** Whether an account gives access to this person. */
export function grantsSharedAccess(account: AccountSecurity | null, { origin }: SharedIdentity): boolean {
  return account?.sso !== undefined && account.disabled !== true && isSameOrigin(account.sso.origin, origin);
}

/** Whether two origins are the same as far as both are known. */
export function isSameOrigin(left: SharedOrigin | null, right: SharedOrigin | null): boolean {
  return left === null || right === null || (left.issuer === right.issuer && left.subject === right.subject);
}

const sharedPrefix = 'shared:';

/** The record id of a shared session. It contains the expiry of the credential, epoch ms; `Infinity` if it has none. */
export function sharedRecordId(jti: string, expiresAt: number): string {
  return `${sharedPrefix}${expiresAt}:${jti}`;
}

/** The expiry of the credential of a shared session, epoch ms; null for the record id of any other session. */
export function sharedExpiry(recordId: string): number | null {
  return recordId.startsWith(sharedPrefix) ? Number(recordId.slice(sharedPrefix.length).split(':')[0]) : null;
}

/** A session of which only the credential is known, which expires at `expiresAt`. */
export function unreadSession(
  known: Pick<Session, 'kind' | 'jti' | 'account' | 'recordId' | 'credential' | 'expiresAt'>,
): Session {
  return {
    ...known,
    credentialExpiresAt: known.expiresAt,
    recordReadAt: -Infinity,
    usedAt: -Infinity,
    hasEnded: false,
  };
}
