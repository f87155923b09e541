import type { Session } from '../auth/session.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Spread } from './spread.ts';

export interface RecheckOptions {
  /** The longest life of a socket. */
  recheckMs: number;
  time: Pick<HouseTime, 'now'>;
  spread: Pick<Spread, 'ms'>;
  /** From 0 to 1. */
  random?: () => number;
}

/**
 * When a new socket of a shared session is closed so that its client presents its credential again, epoch ms of house
 * time: at a random moment in the last `spread` before the credential expires or `recheckMs` have passed, so that sockets
 * that were opened together do not reconnect together. A socket that would live for less than the spread is closed at the
 * end.
 */
export function recheckAt(session: Session, { recheckMs, time, spread, random = Math.random }: RecheckOptions): number {
  const now = time.now();
  const end = Math.min(session.credentialExpiresAt, now + recheckMs);
  return end - now <= spread.ms ? end : end - random() * spread.ms;
}
