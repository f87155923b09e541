import type { OpenedRecord } from './session-message.ts';
import type { AccountSecurity, CredentialRecord, Session, SessionRecord } from './session.ts';

/** A record, and the account that it belongs to; null for a screen or a link. */
export interface PreloadedRecord {
  kind: Session['kind'];
  id: string;
  record: CredentialRecord | SessionRecord;
  account: AccountSecurity | null;
  /** No later than when both were read, house time. */
  readAt: number;
}

/** Records that a process has read before a request needed them. */
export interface PreloadedRecords {
  /** Removes and returns the record of a session; undefined if it was not read or may have changed since. */
  take(session: Session): PreloadedRecord | undefined;
  /** To be called if a session was opened in another process. */
  onOpened(opened: OpenedRecord): void;
  /** To be called if the session of that `jti` ended or changed. */
  forget(jti: string): void;
  /** To be called if the account changed. */
  forgetAccount(id: string): void;
  /** To be called when messages may have been lost. */
  onGap(): void;
}

export const noRecords: PreloadedRecords = {
  take: () => undefined,
  onOpened: () => {},
  forget: () => {},
  forgetAccount: () => {},
  onGap: () => {},
};
