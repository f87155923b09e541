import type { Records } from '../backend/records.ts';
import type { CredentialRecord, Session } from './session.ts';

const dayMs = 86_400_000;
/** The lifetime of a session's credential. */
export const sessionLifetimeMs = 90 * dayMs;
/** The lifetime of a session's record after its last renewal. */
export const idleLifetimeMs = 14 * dayMs;
/** The lifetime of a screen's record after its last renewal. Other kinds are not renewed. */
export const screenIdleLifetimeMs = 90 * dayMs;
/** A session in use is renewed at most this often. */
const renewEveryMs = dayMs;

/** Whether the record of a session or a screen that is in use at `now` must be renewed. */
export function isRenewalDue(session: Session, now: number): boolean {
  const { kind, shared, expiresAt, credentialExpiresAt, isUnused } = session;
  if ((kind !== 'session' && kind !== 'screen') || shared !== undefined || expiresAt === credentialExpiresAt)
    return false;
  return isUnused === true || now + lifetimeOf(session) - expiresAt >= renewEveryMs;
}

/** Renews the record of a session or a screen that is in use at `now`. Resolves to false if that is not due. */
export async function renewIfDue(session: Session, records: Records, now: number): Promise<boolean> {
  if (!isRenewalDue(session, now)) return false;
  const lifetimeMs = lifetimeOf(session);
  const expiresAt = now + lifetimeMs;
  const used = session.kind === 'screen' ? { wasUsed: true } : {};
  const renew = (record: CredentialRecord): CredentialRecord => ({ ...record, ...used, renewedAt: now, expiresAt });
  await records.update(session.kind, session.recordId, renew, lifetimeMs);
  session.isUnused = false;
  session.expiresAt = Math.min(session.credentialExpiresAt, expiresAt);
  return true;
}

function lifetimeOf({ kind }: Session): number {
  return kind === 'screen' ? screenIdleLifetimeMs : idleLifetimeMs;
}
