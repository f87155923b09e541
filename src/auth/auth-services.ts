import type { Backend } from '../backend/backend.ts';
import { Accounts } from './accounts.ts';
import { Jwt } from './jwt.ts';
import { Passwords } from './passwords.ts';
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

/** Creates the services over any backend. `secrets` is called whenever something is signed or verified. */
export function createAuthServices({ records, time }: Backend, secrets: Secrets): AuthServices {
  const jwt = new Jwt(secrets, () => time.now());
  const sessions = new Sessions({ records, time, jwt });
  const accounts = new Accounts({ records, time, passwords: new Passwords(), sessions });
  const options = { records, time, jwt, sessions };
  return { sessions, accounts, tokens: new Tokens(options), tickets: new Tickets(options) };
}
