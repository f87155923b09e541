import { availableParallelism } from 'node:os';
import type { Backend } from '../backend/backend.ts';
import { Accounts } from './accounts.ts';
import { Jwt } from './jwt.ts';
import { hashConcurrency, Passwords } from './passwords.ts';
import type { Secrets } from './secrets.ts';
import { Sessions } from './sessions.ts';
import { Tickets } from './tickets.ts';
import { Tokens } from './tokens.ts';

/** Accounts, the sessions and tokens that belong to them, and tickets. */
export interface AuthServices {
  sessions: Sessions;
  accounts: Accounts;
  tokens: Tokens;
  tickets: Tickets;
}

/**
 * Creates the services over any backend. `secrets` is called whenever something is signed or verified. `processes` of
 * this host share its cores for hashing.
 */
export function createAuthServices({ records, time }: Backend, secrets: Secrets, processes = 1): AuthServices {
  const jwt = new Jwt(secrets, () => time.now());
  const sessions = new Sessions({ records, time, jwt });
  const passwords = new Passwords(hashConcurrency(availableParallelism(), processes));
  const accounts = new Accounts({ records, time, passwords, sessions });
  const tokens = new Tokens({ records, time, jwt, sessions });
  const tickets = new Tickets({ records, time, jwt, credentials: sessions.credentials });
  return { sessions, accounts, tokens, tickets };
}
