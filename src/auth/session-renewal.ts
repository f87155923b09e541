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

/** Renews the record of a session or a screen that is in use at `now`. Resolves to false if that is not due. */
export async function renewIfDue(session: Session, records: Records, now: number): Promise<boolean> {
  if ((session.kind !== 'session' && session.kind !== 'screen') || session.shared !== undefined) return false;
  const lifetimeMs = session.kind === 'screen' ? screenIdleLifetimeMs : idleLifetimeMs;
  const expiresAt = now + lifetimeMs;
  if (expiresAt - session.expiresAt < renewEveryMs && session.isUnused !== true) return false;
  if (session.expiresAt === session.credentialExpiresAt) return false;
  const used = session.kind === 'screen' ? { wasUsed: true } : {};
  const renew = (record: CredentialRecord): CredentialRecord => ({ ...record, ...used, renewedAt: now, expiresAt });
  await records.update(session.kind, session.recordId, renew, lifetimeMs);
  session.isUnused = false;
  session.expiresAt = Math.min(session.credentialExpiresAt, expiresAt);
  return true;
}
