import { networkInterfaces } from 'node:os';
import { firstAccountName, type FirstPassword } from './auth/first-account.ts';
import type { Logger } from './logger.ts';
import { newPassword, writeSecretFile } from './secrets.ts';

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
  const password = (): FirstPassword => {
    if (given !== undefined) {
      words = `sign in as ${firstAccountName} with the password that you gave`;
      return { text: given };
    }
    const text = newPassword();
    if (!process.stdout.isTTY) {
      const file = writeSecretFile(folder, 'admin-password', text, 0o600);
      words = `sign in as ${firstAccountName}; the password is in ${file}; ${renewal}`;
      return { text };
    }
    words = `sign in as ${firstAccountName} with the password above, which is not shown again; ${renewal}`;
    // Straight to the terminal: a password never goes through the log.
    const show = (): void => void process.stdout.write(`\n  Name      ${firstAccountName}\n  Password  ${text}\n\n`);
    return { text, onUsed: show };
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
  log.info({ port }, `the clock is at ${urls.join(' and ')}`);
  log.info({}, words);
}

function lanAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4')
    .map(({ address }) => address);
}
