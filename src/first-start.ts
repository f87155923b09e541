import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { join } from 'node:path';
import { formatAuthority, isUnspecified } from './addresses.ts';
import { firstAccountName, type FirstPassword } from './auth/first-account.ts';
import type { Logger } from './logger.ts';
import { newPassword, replaceSecretFile } from './secrets.ts';

const passwordFile = 'admin-password';
const renewal = "to set a new password, run 'clock user passwd admin'";

/** The first account's password in `clock all`, and the instructions for signing in. */
export interface FirstSignIn {
  password(): FirstPassword;
  /** How to sign in, for the log; never with a password. */
  instructions(): string;
}

/**
 * The configured password, or a random one. A random one is shown once on the terminal; without a terminal it is
 * written to a file in the data folder.
 */
export function firstSignIn(given: string | undefined, folder: string): FirstSignIn {
  let instructions = `sign in with an existing account; ${renewal}`;
  const text = given ?? newPassword();
  const onUsed = (): void => {
    if (given !== undefined) {
      instructions = `sign in as ${firstAccountName} with the configured password`;
    } else if (process.stdout.isTTY) {
      instructions = `sign in as ${firstAccountName} with the password above, which is not shown again; ${renewal}`;
      // Written directly to the terminal, because a password never goes through the log.
      process.stdout.write(`\n  Name      ${firstAccountName}\n  Password  ${text}\n\n`);
    } else {
      instructions = `sign in as ${firstAccountName}; the password is in ${join(folder, passwordFile)}; ${renewal}`;
    }
  };
  const password = (): FirstPassword => {
    // Written before the account is created, so that the password is not lost if the process is killed in between.
    if (given === undefined && !process.stdout.isTTY) replaceSecretFile(folder, passwordFile, text, 0o600);
    return { text, onUsed };
  };
  return { password, instructions: () => instructions };
}

/** Logs the addresses of the clock and how to sign in. */
export function announce(
  { scheme, host, port }: { scheme: string; host: string; port: number },
  instructions: string,
  log: Logger,
): void {
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const urls = reachableAddresses(host, interfaces).map((name) => `${scheme}://${formatAuthority(name, port)}/`);
  log.info({}, instructions);
  log.info({ port }, `the clock is at ${urls.join(' and ')}`);
}

/** The addresses of a server that listens on `host`: first the one for this host, then those for others. */
export function reachableAddresses(
  host: string,
  interfaces: readonly Pick<NetworkInterfaceInfo, 'address' | 'family' | 'internal'>[],
): string[] {
  if (!isUnspecified(host)) return [host];
  const families = host.includes(':') ? ['IPv4', 'IPv6'] : ['IPv4'];
  const usable = families.flatMap((family) =>
    // A link-local address needs the name of an interface, which differs on every host.
    interfaces.filter((one) => one.family === family && !one.address.startsWith('fe80:')),
  );
  const loopback = usable.filter(({ internal }) => internal).slice(0, 1);
  return [...loopback, ...usable.filter(({ internal }) => !internal)].map(({ address }) => address);
}
