import type { Records } from '../../backend/records.ts';
import type { Service } from '../../lifecycle.ts';
import type { Logger } from '../../logger.ts';
import type { HouseTime } from '../../time/house-time.ts';
import type { Session } from '../session.ts';
import type { Sessions } from '../sessions.ts';
import type { KeyRing } from './key-ring.ts';
import { RefusalLog, type CredentialPlace } from './refusal-log.ts';
import type { Refusal } from './refusals.ts';
import { SharedAccounts } from './shared-accounts.ts';
import { TokenVerifier, type TokenRules } from './token-verifier.ts';

export interface SharedSignInOptions {
  rules: TokenRules;
  /** The public keys of the other application, or the secrets that it shares with Clock. */
  keys: KeyRing | readonly [string, ...string[]];
  records: Records;
  sessions: Pick<Sessions, 'shared' | 'isTrusted'>;
  time: Pick<HouseTime, 'now'>;
  /** Whether the first account is not settled yet: nobody may take its name before. */
  isStarting: () => boolean;
  log: Logger;
}

/** Signs people in whom another application has signed in. */
export class SharedSignIn implements Service {
  readonly name = 'shared sign-in';
  readonly #options: SharedSignInOptions;
  readonly #verifier: TokenVerifier;
  readonly #accounts: SharedAccounts;
  readonly #refusals: RefusalLog;

  constructor(options: SharedSignInOptions) {
    const { rules, keys, time, log } = options;
    this.#options = options;
    this.#verifier = new TokenVerifier(rules, keys, () => time.now());
    this.#accounts = new SharedAccounts(options);
    this.#refusals = new RefusalLog(log);
  }

  async start(): Promise<void> {
    const { keys } = this.#options;
    if ('start' in keys) await keys.start();
  }

  async stop(): Promise<void> {
    const { keys } = this.#options;
    if ('stop' in keys) await keys.stop();
    this.#refusals.flush();
  }

  /** The session of a JWT. Reads no record: `admit` reads the account, `Sessions.isValid` whether the session ended. */
  async verifyToken(token: string, place: CredentialPlace): Promise<Session | Refusal> {
    const result = await this.#verifier.verify(token);
    if ('reason' in result) return this.refuse(result, place);
    const { id, identity, expiresAt } = result;
    return this.#options.sessions.shared(id, identity, expiresAt);
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
