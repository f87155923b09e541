import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { firstAccountName, type FirstPassword } from './auth/first-account.ts';
import type { Logger } from './logger.ts';
import { newPassword, replaceSecretFile } from './secrets.ts';

const passwordFile = 'admin-password';
const renewal = "for a new password: 'clock user passwd admin'";

/** The first account's password in `clock all`, and how a person learns it. */
export interface FirstSignIn {
  password(): FirstPassword;
  /** How to sign in, in words for the log: never with a password in them. */
  words(): string;
}

/**
 * The password that was given, or an invented one: it is shown once on the terminal, and where there is none it goes
 * to a file in the data folder.
 */
export function firstSignIn(given: string | undefined, folder: string): FirstSignIn {
  let words = `sign in with an account of yours; ${renewal}`;
  const text = given ?? newPassword();
  const onUsed = (): void => {
    if (given !== undefined) {
      words = `sign in as ${firstAccountName} with the password that you gave`;
    } else if (process.stdout.isTTY) {
      words = `sign in as ${firstAccountName} with the password above, which is not shown again; ${renewal}`;
      // Straight to the terminal: a password never goes through the log.
      process.stdout.write(`\n  Name      ${firstAccountName}\n  Password  ${text}\n\n`);
    } else {
      words = `sign in as ${firstAccountName}; the password is in ${join(folder, passwordFile)}; ${renewal}`;
    }
  };
  const password = (): FirstPassword => {
    // Before the account is made, so that a kill in between loses nothing; the next start writes it anew.
    if (given === undefined && !process.stdout.isTTY) replaceSecretFile(folder, passwordFile, text, 0o600);
    return { text, onUsed };
  };
  return { password, words: () => words };
}

/** Says where the clock is and how to sign in. */
export function announce(where: { scheme: string; host: string; port: number }, words: string, log: Logger): void {
  const { scheme, host, port } = where;
  const isOpen = host === '0.0.0.0' || host === '::';
  const urls = (isOpen ? ['127.0.0.1', ...lanAddresses()] : [host]).map(
    (name) => `${scheme}://${name.includes(':') ? `[${name}]` : name}:${port}/`,
  );
  log.info({}, words);
  log.info({ port }, `the clock is at ${urls.join(' and ')}`);
}

function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
}
