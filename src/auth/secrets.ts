import { join } from 'node:path';
import type { Backend } from '../backend/backend.ts';
import { UserError } from '../lifecycle.ts';
import { cleanSecret, keptInFile, minSecretBytes, newSecret } from '../secrets.ts';

/** The name of the stored secret: of its file, or of its setting in the data file. */
const secretName = 'secret';

type SecretStore = Pick<Backend, 'settings' | 'address'>;
type SecretList = readonly [string, ...string[]];

/** The secrets in use: the first signs, all of them verify. */
export type Secrets = () => SecretList;

/** The secrets of `clock web`, which has to be given them. Throws a `UserError` if they are missing. */
export function requiredSecrets(given: SecretList | undefined): Secrets {
  if (given !== undefined) return () => given;
  throw new UserError("CLOCK_SECRET: missing; set it, or CLOCK_SECRET_FILE; 'clock secret' makes one");
}

/** The secrets that were given, or the one that `clock all` makes and stores with its data. */
export function givenOrKeptSecrets(given: SecretList | undefined, backend: SecretStore, folder: string): Secrets {
  if (given !== undefined) return () => given;
  return () => [keptSecret(backend, folder, newSecret)];
}

/** The secrets of a command. It never makes one: no other process would know it. */
export function commandSecrets(given: SecretList | undefined, backend: SecretStore, folder: () => string): Secrets {
  if (given !== undefined) return () => given;
  const missing = (): never => {
    throw new UserError(
      "CLOCK_SECRET: missing; set it, or CLOCK_SECRET_FILE, to the secret that 'clock web' uses; 'clock secret' makes one",
    );
  };
  return () => [keptSecret(backend, folder(), missing)];
}

/** Throws a `UserError` if the stored secret is unusable: everybody would get an error instead of a session. */
function keptSecret({ settings, address }: SecretStore, folder: string, make: () => string): string {
  const text = settings === null ? keptInFile(folder, secretName, make) : settings.keep(secretName, make);
  const secret = cleanSecret(text);
  if (secret !== null && Buffer.byteLength(secret) >= minSecretBytes) return secret;
  const place = settings === null ? join(folder, secretName) : address;
  const problem = secret === null ? 'contains control characters' : `is shorter than ${minSecretBytes} bytes`;
  throw new UserError(`${place}: the stored secret ${problem}; remove it and start again, or set CLOCK_SECRET`);
}
