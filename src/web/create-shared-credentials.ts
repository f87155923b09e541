import { BadKeySet, parseKeySet } from '../auth/sso/key-set.ts';
import { KeyRing } from '../auth/sso/key-ring.ts';
import { keySource, readKeyFile } from '../auth/sso/key-source.ts';
import { SharedSignIn } from '../auth/sso/shared-sign-in.ts';
import { UserError } from '../lifecycle.ts';
import { SharedCredentials } from './shared-credentials.ts';
import type { SsoSettings, TokenSettings } from './sso-settings.ts';
import type { WebContext } from './web-context.ts';

type Dependencies = Pick<WebContext, 'backend' | 'sessions' | 'isStarting' | 'hasFirstPassword' | 'log'>;

/** Composes the shared sign-in; null without one. Throws a `UserError` if the file with the keys is not usable. */
export function createSharedCredentials(
  settings: SsoSettings | null,
  { backend, sessions, isStarting = () => false, hasFirstPassword, log }: Dependencies,
): SharedCredentials | null {
  if (settings === null) return null;
  const { tokens, userHeader, warnings } = settings;
  const { records, time } = backend;
  const verified = tokens === null ? null : { rules: tokens.rules, keys: keysOf(tokens, log) };
  const state = { records, sessions, time, isStarting, hasFirstPassword };
  const signIn = new SharedSignIn({ tokens: verified, warnings, ...state, log });
  return new SharedCredentials({ signIn, cookie: tokens?.cookie, header: tokens?.header, userHeader });
}

function keysOf({ keys }: TokenSettings, log: WebContext['log']): KeyRing | readonly [string, ...string[]] {
  if ('secrets' in keys) return keys.secrets;
  const source = keySource(keys.jwks);
  if (source.isLocal) checkKeyFile(keys.jwks);
  return new KeyRing({ source, log });
}

/** Throws a `UserError` if a file does not contain a usable key set. */
function checkKeyFile(path: string): void {
  try {
    parseKeySet(readKeyFile(path));
  } catch (error) {
    if (!(error instanceof BadKeySet)) throw error;
    throw new UserError(`--sso-jwks: ${path} is not usable: ${error.message}`);
  }
}
