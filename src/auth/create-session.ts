import type { Records } from '../backend/records.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Jwt } from './jwt.ts';
import { newId } from './new-id.ts';
import { idleLifetimeMs, sessionLifetimeMs } from './session-renewal.ts';
import type { OpenedSession, SessionRecord } from './session.ts';

export interface CreateSessionOptions {
  records: Records;
  time: HouseTime;
  jwt: Jwt;
}

/** Stores the record of a new session of an account, and signs its credential. */
export async function createSession(
  { records, time, jwt }: CreateSessionOptions,
  account: string,
  securityStamp: string,
): Promise<OpenedSession> {
  const now = time.now();
  const jti = newId();
  const recordId = `${account}/${jti}`;
  const expiresAt = now + idleLifetimeMs;
  const record: SessionRecord = { jti, account, securityStamp, createdAt: now, renewedAt: now, expiresAt };
  await records.create('session', recordId, record, idleLifetimeMs);
  const claims = { subject: account, jti, expiresAt: now + sessionLifetimeMs };
  return {
    kind: 'session',
    jti,
    account,
    recordId,
    credential: await jwt.sign('session', claims),
    credentialExpiresAt: claims.expiresAt,
    expiresAt,
    // The stamp may be outdated already: the first use reads record and account.
    recordReadAt: -Infinity,
    usedAt: now,
    hasEnded: false,
  };
}
