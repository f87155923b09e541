import { UserError } from '../lifecycle.ts';
import type { MetricsSnapshot } from '../metrics-total.ts';
import type { UtcBounds } from '../authority/authority-reading.ts';

/** What the parent of several web processes sends to each of them. */
export type ToChild =
  | { readonly kind: 'stop' }
  /** Asks for `responding` at once, and for `metrics`. */
  | { readonly kind: 'ask' }
  | ({ readonly kind: 'state' } & ParentState);

/** What a child learns from its parent. */
export interface ParentState {
  /** Whether the first account may not exist yet. */
  readonly isStarting: boolean;
  /** What `/ready` says on every child: the reason in one word, or null. */
  readonly unready: string | null;
  /** Of the monotonic clock of the machine. Null without NTP servers, and while nothing is known. */
  readonly utc: UtcBounds | null;
  /** The alarm of the comparison with UTC; null while there is none. */
  readonly utcAlarm: string | null;
}

/** What a child sends to its parent. */
export type ToParent =
  | { readonly kind: 'listening'; readonly unready: string | null }
  /** It could not start, and exits. `exitCode` is that of a `UserError`, null for any other error. */
  | { readonly kind: 'failed'; readonly message: string; readonly stack: string; readonly exitCode: 1 | 2 | null }
  /** Why this process alone is not ready. Sent when it changes. */
  | { readonly kind: 'unready'; readonly reason: string | null }
  /** This process is neither suspended nor blocked. */
  | { readonly kind: 'responding' }
  | { readonly kind: 'metrics'; readonly snapshot: MetricsSnapshot }
  /** A line of the audit, which the parent logs. */
  | { readonly kind: 'audit'; readonly fields: object; readonly message: string };

/** Null for anything but a message, such as one of another version after an upgrade of the executable. */
export function parseToChild(value: unknown): ToChild | null {
  const { kind, isStarting, unready = null, utc, utcAlarm = null } = fieldsOf(value);
  if (kind === 'stop' || kind === 'ask') return { kind };
  if (kind !== 'state' || typeof isStarting !== 'boolean' || !isWord(unready) || !isWord(utcAlarm)) return null;
  return { kind, isStarting, unready, utc: isUtcBounds(utc) ? utc : null, utcAlarm };
}

/** Null for anything but a message. */
export function parseToParent(value: unknown): ToParent | null {
  const { kind, unready = null, reason = null, message, stack, exitCode, snapshot, fields } = fieldsOf(value);
  if (kind === 'listening' && isWord(unready)) return { kind, unready };
  if (kind === 'unready' && isWord(reason)) return { kind, reason };
  if (kind === 'responding') return { kind };
  if (kind === 'metrics' && Array.isArray(snapshot)) return { kind, snapshot: snapshot as MetricsSnapshot };
  if (typeof message !== 'string') return null;
  if (kind === 'audit' && typeof fields === 'object' && fields !== null) return { kind, fields, message };
  if (kind !== 'failed' || typeof stack !== 'string') return null;
  return { kind, message, stack, exitCode: exitCode === 1 || exitCode === 2 ? exitCode : null };
}

/** The message about an error that kept a child from starting. */
export function failedMessage(error: unknown): ToParent & { kind: 'failed' } {
  const { message, stack = message } = error instanceof Error ? error : new Error(String(error));
  return { kind: 'failed', message, stack, exitCode: error instanceof UserError ? error.exitCode : null };
}

/** The error that a child reported. */
export function reportedError({ message, stack, exitCode }: ToParent & { kind: 'failed' }): Error {
  return exitCode === null ? Object.assign(new Error(message), { stack }) : new UserError(message, exitCode);
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function isWord(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}

function isUtcBounds(value: unknown): value is UtcBounds {
  const { lowMs, highMs, at, isContradiction } = fieldsOf(value);
  return [lowMs, highMs, at].every((number) => typeof number === 'number') && typeof isContradiction === 'boolean';
}
