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

/** The message that a session was opened. To be published once its record is stored. */
export function openedMessage({ kind, recordId, jti }: OpenedRecord): string {
  return JSON.stringify({ opened: { kind, recordId, jti } } satisfies SessionMessage);
}
