import { ignoreUnavailable } from '../backend/backend.ts';
import type { Records } from '../backend/records.ts';
import type { CredentialKind } from './jwt.ts';

/** The message to every process about sessions and tokens. A process ignores the fields that its version lacks. */
export interface SessionMessage {
  /** One that was opened, and may soon be used in any process. */
  opened?: OpenedRecord;
  /** Those that ended, by `jti`. */
  ended?: readonly string[];
  /** All sessions and tokens of an account ended, except one. */
  endedAccount?: { id: string; exemptSession?: string | undefined };
  /** An account became an operator's, or ceased to be one. */
  operator?: { id: string; isOperator: boolean };
}

/** Identifies a session and its record. It grants nothing: a credential has a signature. */
export interface OpenedRecord {
  kind: CredentialKind;
  recordId: string;
  jti: string;
}

/**
 * Publishes that a session was opened, once its record is stored. It is left out if the backend has gone away since: a
 * process without the announcement reads the record when the session is used.
 */
export async function announceOpened(
  records: Pick<Records, 'publish'>,
  { kind, recordId, jti }: OpenedRecord,
): Promise<void> {
  const message: SessionMessage = { opened: { kind, recordId, jti } };
  await records.publish(JSON.stringify(message)).catch(ignoreUnavailable);
}
