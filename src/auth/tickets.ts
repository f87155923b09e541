import type { Records } from '../backend/records.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Credentials } from './credentials.ts';
import type { Jwt } from './jwt.ts';
import type { Session } from './session.ts';
import { newId } from './new-id.ts';

export const ticketLifetimeMs = 30_000;

export interface TicketsOptions {
  records: Records;
  time: HouseTime;
  jwt: Jwt;
  credentials: Pick<Credentials, 'sessionOf'>;
}

/** A ticket whose signature is valid. It may have been used. */
export interface Ticket {
  id: string;
  session: Session;
}

/**
 * Tickets for one handshake each. A browser cannot send a header with a handshake, and an address may be logged, so a
 * ticket takes the place of a token or of a link's key there.
 */
export class Tickets {
  readonly #options: TicketsOptions;

  constructor(options: TicketsOptions) {
    this.#options = options;
  }

  /** Issues a ticket for the session of a token or a link. Stores nothing. */
  async issue({ kind, jti, recordId, account, credentialExpiresAt }: Session): Promise<string> {
    if (kind !== 'token' && kind !== 'link') throw new TypeError(`a ${kind} needs no ticket`);
    const { jwt, time } = this.#options;
    const token = { subject: account, jti, expiresAt: credentialExpiresAt, label: recordId };
    const credential = kind === 'token' ? token : { subject: recordId, jti, expiresAt: credentialExpiresAt };
    return jwt.signTicket({ kind, credential, jti: newId(), expiresAt: time.now() + ticketLifetimeMs });
  }

  /** Null for a forged or expired ticket. Reads no record. */
  verify(text: string): Ticket | null {
    const claims = this.#options.jwt.verifyTicket(text);
    if (claims === null) return null;
    const session = this.#options.credentials.sessionOf(claims.kind, claims.credential, null);
    return session === null ? null : { id: claims.jti, session };
  }

  /** Consumes a ticket, in one atomic step. Resolves to false if it was used before. */
  async consume({ id }: Ticket): Promise<boolean> {
    return this.#options.records.create('ticket', id, {}, ticketLifetimeMs);
  }

  /** Makes a ticket valid again after its handshake was refused. */
  async refund({ id }: Ticket): Promise<void> {
    await this.#options.records.delete('ticket', id);
  }
}
