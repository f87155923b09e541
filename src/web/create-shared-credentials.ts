import { BadKeySet, parseKeySet } from '../auth/sso/key-set.ts';
import { KeyRing } from '../auth/sso/key-ring.ts';
import { keySource, readKeyFile } from '../auth/sso/key-source.ts';
import { SharedSignIn } from '../auth/sso/shared-sign-in.ts';
import { UserError } from '../lifecycle.ts';
import { SharedCredentials } from './shared-credentials.ts';
import type { SsoSettings } from './sso-settings.ts';
import type { WebContext } from './web-context.ts';

type Dependencies = Pick<WebContext, 'backend' | 'sessions' | 'isStarting' | 'log'>;

/** Composes the shared sign-in; null without one. Throws a `UserError` if the file with the keys is not usable. */
export function createSharedCredentials(
  settings: SsoSettings | null,
  { backend, sessions, isStarting = () => false, log }: Dependencies,
): SharedCredentials | null {
  if (settings === null) return null;
  const { rules, cookie, header } = settings;
  const { records, time } = backend;
  const keys = 'secrets' in settings.keys ? settings.keys.secrets : keyRing(settings.keys.jwks, log);
  const signIn = new SharedSignIn({ rules, keys, records, sessions, time, isStarting, log });
  return new SharedCredentials({ signIn, cookie, header });
}

function keyRing(location: string, log: WebContext['log']): KeyRing {
  const source = keySource(location);
  if (source.isLocal) checkKeyFile(location);
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
