import type { Records } from '../backend/records.ts';
import type { HouseTime } from '../time/house-time.ts';
import {
  grantsAccess,
  grantsSharedAccess,
  hasAccount,
  type AccountSecurity,
  type CredentialRecord,
  type Session,
  type SessionRecord,
} from './session.ts';

const noChannels: readonly string[] = [];
const credentialKinds = ['session', 'token', 'screen', 'link'] as const;

type Predicate = (session: Session) => boolean;
export type SessionChange = (session: Session) => void;

/** Reads the part of these accounts that their sessions depend on; null for a missing account. */
export async function readAccounts(
  records: Records,
  sessions: readonly { account: string }[],
): Promise<Map<string, AccountSecurity | null>> {
  const ids = [...new Set(sessions.map(({ account }) => account))];
  const accounts = await records.getMany<AccountSecurity>('account', ids);
  return new Map(ids.map((id, index) => [id, accounts[index] ?? null]));
}

/** Reads the records of sessions. An answer that was in flight when a session ended does not revive it. */
export class SessionReader {
  readonly #records: Records;
  readonly #time: HouseTime;
  /** For each read in flight, which sessions have ended since it began, and what else has changed. */
  readonly #inFlight = new Set<{ ended: Predicate[]; changes: SessionChange[] }>();
  readonly #onDifference: SessionChange;
  #gaps = 0;

  /** `onDifference` is called if the rights or the group of a session differ from when it was last read. */
  constructor(records: Records, time: HouseTime, onDifference: SessionChange) {
    this.#records = records;
    this.#time = time;
    this.#onDifference = onDifference;
  }

  /** To be called for each message about ended sessions. */
  onEnded(hasEnded: Predicate): void {
    for (const { ended } of this.#inFlight) ended.push(hasEnded);
  }

  /** To be called for each message about a change of sessions. */
  onChanged(change: SessionChange): void {
    for (const { changes } of this.#inFlight) changes.push(change);
  }

  /** To be called when messages may have been lost. */
  onGap(): void {
    this.#gaps += 1;
  }

  /** Reads the records of these sessions and of their accounts, and resolves to the valid ones. */
  async read(sessions: readonly Session[]): Promise<Session[]> {
    const gaps = this.#gaps;
    const read = { ended: [] as Predicate[], changes: [] as SessionChange[] };
    this.#inFlight.add(read);
    try {
      const owned = sessions.filter(hasAccount);
      const [records, accounts] = await Promise.all([this.#recordsOf(sessions), readAccounts(this.#records, owned)]);
      if (gaps !== this.#gaps) return await this.read(sessions);
      return sessions.filter((session) => {
        const hasEnded = session.hasEnded || read.ended.some((predicate) => predicate(session));
        const now = this.#time.now();
        if (hasEnded || !this.apply(session, records.get(session), accounts.get(session.account), now)) return false;
        for (const change of read.changes) change(session);
        return true;
      });
    } finally {
      this.#inFlight.delete(read);
    }
  }

  async #recordsOf(sessions: readonly Session[]): Promise<Map<Session, CredentialRecord | null>> {
    const read = async (kind: Session['kind']): Promise<[Session, CredentialRecord | null][]> => {
      const ofKind = sessions.filter((session) => session.kind === kind && session.shared === undefined);
      if (ofKind.length === 0) return [];
      const ids = ofKind.map(({ recordId }) => recordId);
      const records = await this.#records.getMany<CredentialRecord>(kind, ids);
      return ofKind.map((session, index) => [session, records[index] ?? null]);
    };
    const groups = [...credentialKinds.map(read), this.#endedOf(sessions)];
    return new Map((await Promise.all(groups)).flat());
  }

  /** The records of the shared sessions that ended here. The others have none. */
  async #endedOf(sessions: readonly Session[]): Promise<[Session, CredentialRecord | null][]> {
    const shared = sessions.filter((session) => session.shared !== undefined);
    if (shared.length === 0) return [];
    const ids = shared.map(({ jti }) => jti);
    const records = await this.#records.getMany<CredentialRecord>('ended', ids);
    return shared.map((session, index) => [session, records[index] ?? null]);
  }

  /** Brings a session up to date with its record and account, read at `readAt`. False if it is not valid. */
  apply(
    session: Session,
    record: CredentialRecord | null = null,
    account: AccountSecurity | null = null,
    readAt: number,
  ): boolean {
    const { shared, isOperator, group } = session;
    if (shared === undefined) {
      if (record?.jti !== session.jti) return false;
      if (hasAccount(session) && !grantsAccess(record as SessionRecord, account)) return false;
      session.expiresAt = Math.min(session.credentialExpiresAt, record.expiresAt);
      session.isUnused = record.wasUsed === false;
      session.publishes = (record as SessionRecord).publishes ?? noChannels;
    } else if (record !== null || !grantsSharedAccess(account, shared)) {
      return false;
    }
    session.recordReadAt = readAt;
    session.isOperator = hasAccount(session) && isOperatorUnder(account, shared);
    session.group = record?.group ?? null;
    const isDifferent = isOperator !== session.isOperator || group !== session.group;
    if (isOperator !== undefined && isDifferent) this.#onDifference(session);
    return session.expiresAt > this.#time.now();
  }
}

/** A credential of another application can make an operator, and so can the account. */
function isOperatorUnder(account: AccountSecurity | null, shared: Session['shared']): boolean {
  return account?.operator === true || shared?.isOperator === true;
}
