import type { Backend } from '../backend/backend.ts';
import { UserError } from '../lifecycle.ts';
import { keptInFile, newSecret } from '../secrets.ts';

type SecretList = readonly [string, ...string[]];

/** The secrets in use: the first signs, all of them verify. */
export type Secrets = () => SecretList;

/** The secrets of `clock web`, which has to be given them. Throws a `UserError` if they are missing. */
export function requiredSecrets(given: SecretList | undefined): Secrets {
  if (given !== undefined) return () => given;
  throw new UserError("CLOCK_SECRET: missing: set it, or CLOCK_SECRET_FILE; 'clock secret' makes one");
}

/** The secrets that were given, or the one that `clock all` makes and stores with its data. */
export function givenOrKeptSecrets(given: SecretList | undefined, backend: Backend, folder: string): Secrets {
  if (given !== undefined) return () => given;
  return () => [keptSecret(backend, folder, newSecret)];
}

/** The secrets of a command. It never makes one: no other process would know it. */
export function commandSecrets(given: SecretList | undefined, backend: Backend, folder: () => string): Secrets {
  if (given !== undefined) return () => given;
  const missing = (): never => {
    throw new UserError("CLOCK_SECRET: missing: set it, or CLOCK_SECRET_FILE, to the secret that 'clock web' uses");
  };
  return () => [keptSecret(backend, folder(), missing)];
}

function keptSecret({ settings }: Backend, folder: string, make: () => string): string {
  return settings === null ? keptInFile(folder, 'secret', make) : settings.keep('secret', make);
}
