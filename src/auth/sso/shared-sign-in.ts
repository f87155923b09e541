import type { Records } from '../../backend/records.ts';
import type { Service } from '../../lifecycle.ts';
import type { Logger } from '../../logger.ts';
import type { HouseTime } from '../../time/house-time.ts';
import { accountId, accountNamePattern } from '../accounts.ts';
import type { Session } from '../session.ts';
import type { Sessions } from '../sessions.ts';
import type { KeyRing } from './key-ring.ts';
import { RefusalLog, type CredentialPlace } from './refusal-log.ts';
import type { Refusal } from './refusals.ts';
import { SharedAccounts } from './shared-accounts.ts';
import { TokenVerifier, type TokenRules } from './token-verifier.ts';

export interface SharedSignInOptions {
  /** Null if no token counts. */
  tokens: {
    rules: TokenRules;
    /** The public keys of the other application, or the secrets that it shares with Clock. */
    keys: KeyRing | readonly [string, ...string[]];
  } | null;
  /** Logged at the start. */
  warnings: readonly string[];
  records: Records;
  sessions: Pick<Sessions, 'credentials' | 'isTrusted'>;
  time: Pick<HouseTime, 'now'>;
  /** Whether the first account may not exist yet: until it does, nobody may take its name. */
  isStarting: () => boolean;
  hasFirstPassword: boolean;
  log: Logger;
}

/** Signs people in whom another application has signed in. */
export class SharedSignIn implements Service {
  readonly name = 'shared sign-in';
  readonly #options: SharedSignInOptions;
  readonly #keyRing: KeyRing | null;
  readonly #verifier: TokenVerifier | null;
  readonly #accounts: SharedAccounts;
  readonly #refusals: RefusalLog;

  constructor(options: SharedSignInOptions) {
    const { tokens, time, log } = options;
    this.#options = options;
    this.#keyRing = tokens !== null && 'keyFor' in tokens.keys ? tokens.keys : null;
    this.#verifier = tokens === null ? null : new TokenVerifier(tokens.rules, tokens.keys, () => time.now());
    this.#accounts = new SharedAccounts(options);
    this.#refusals = new RefusalLog(log);
  }

  async start(): Promise<void> {
    const { warnings, log } = this.#options;
    for (const warning of warnings) log.warn({}, warning);
    await this.#keyRing?.start();
  }

  async stop(): Promise<void> {
    await this.#keyRing?.stop();
    this.#refusals.stop();
  }

  /** Whether JWTs of the other application count. */
  get acceptsTokens(): boolean {
    return this.#verifier !== null;
  }

  /** The session of a JWT. Reads no record: `admit` reads the account, `Sessions.isValid` whether the session ended. */
  async verifyToken(token: string, place: CredentialPlace): Promise<Session | Refusal> {
    const result = (await this.#verifier?.verify(token)) ?? { reason: 'malformed' };
    if ('reason' in result) return this.refuse(result, place);
    const { id, identity, expiresAt } = result;
    return this.#options.sessions.credentials.shared(id, identity, expiresAt);
  }

  /** The session of a user whom an authenticating proxy names. It has no end of its own. */
  verifyUser(name: string): Session | Refusal {
    if (!accountNamePattern.test(name)) return this.refuse({ reason: 'user-name', found: name }, 'user-header');
    const account = accountId(name);
    const identity = { account, name, origin: null, isOperator: false };
    return this.#options.sessions.credentials.shared(`user-${account}`, identity, Infinity);
  }

  /**
   * Creates the account of a session that this process has not checked recently, if there is none. Resolves to the
   * reason if the account may not sign in, else to null. Rejects with `Unavailable`.
   */
  async admit(session: Session, place: CredentialPlace): Promise<Refusal | null> {
    const { sessions, isStarting } = this.#options;
    if (session.shared === undefined || sessions.isTrusted(session)) return null;
    const refusal = isStarting() ? { reason: 'starting' as const } : await this.#accounts.admit(session.shared);
    return refusal === null ? null : this.refuse(refusal, place);
  }

  /** Logs a refusal. */
  refuse(refusal: Refusal, place: CredentialPlace): Refusal {
    this.#refusals.add(refusal, place);
    return refusal;
  }
}
