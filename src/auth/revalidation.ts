import { setImmediate } from 'node:timers/promises';
import type { Records } from '../backend/records.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Session } from './session.ts';
import type { SessionReader } from './session-reader.ts';
import { renewIfDue } from './session-renewal.ts';

/** The maximum number of sessions that one step reads: ticks use the same connection and the same thread. */
const maxReadAtOnce = 500;

export interface RevalidationOptions {
  records: Records;
  time: HouseTime;
  reader: SessionReader;
  /** Called with each session that is not valid any more. */
  onInvalid: (session: Session) => void;
}

/** Compares sessions with their records: ends those that are not valid, and renews those that are due. */
export class Revalidation {
  readonly #options: RevalidationOptions;
  /** The sessions that requests of this turn of the event loop need, and the read of all of them. */
  #requested: Set<Session> | null = null;
  #read: Promise<ReadonlySet<Session>> = Promise.resolve(new Set());

  constructor(options: RevalidationOptions) {
    this.#options = options;
  }

  /** Whether a session is valid. One read serves all requests of a turn: after a restart many arrive at once. */
  async isValid(session: Session): Promise<boolean> {
    if (this.#requested === null) {
      this.#requested = new Set();
      this.#read = this.#readRequested(this.#requested);
    }
    this.#requested.add(session);
    const valid = await this.#read;
    if (!valid.has(session)) return false;
    await this.#renew(session);
    return true;
  }

  /** Resolves to the valid ones. */
  async revalidate(sessions: Iterable<Session>): Promise<Set<Session>> {
    const valid = await this.#readAll([...sessions]);
    // One at a time, with a pause: thousands of concurrent renewals would delay the ticks.
    for (const session of valid) if (await this.#renew(session)) await setImmediate();
    return valid;
  }

  async #readRequested(requested: ReadonlySet<Session>): Promise<ReadonlySet<Session>> {
    await setImmediate();
    this.#requested = null;
    return this.#readAll([...requested]);
  }

  async #readAll(sessions: readonly Session[]): Promise<Set<Session>> {
    const { reader, onInvalid } = this.#options;
    const valid = new Set<Session>();
    for (let start = 0; start < sessions.length; start += maxReadAtOnce) {
      if (start > 0) await setImmediate();
      const some = sessions.slice(start, start + maxReadAtOnce);
      for (const session of await reader.read(some)) valid.add(session);
      for (const session of some) if (!valid.has(session)) onInvalid(session);
    }
    return valid;
  }

  #renew(session: Session): Promise<boolean> {
    const { records, time } = this.#options;
    return renewIfDue(session, records, time.now());
  }
}
