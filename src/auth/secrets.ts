import { join } from 'node:path';
import type { Backend } from '../backend/backend.ts';
import { UserError } from '../lifecycle.ts';
import { normalizeSecret, getOrCreateSecretFile, minSecretBytes, newSecret } from '../secrets.ts';

/** The name of the stored secret: of its file, or of its setting in the data file. */
const secretName = 'secret';

type SecretStore = Pick<Backend, 'settings' | 'address'>;
type SecretList = readonly [string, ...string[]];

/** The secrets in use: the first signs, all of them verify. */
export type Secrets = () => SecretList;

/** The secrets of `clock web`, which must be configured. Throws a `UserError` if they are not. */
export function requiredSecrets(given: SecretList | undefined): Secrets {
  if (given !== undefined) return () => given;
  throw new UserError("CLOCK_SECRET: missing; set it, or CLOCK_SECRET_FILE; 'clock secret' generates one");
}

/** The configured secrets, or the one that `clock all` generates and stores with its data. */
export function configuredOrStoredSecrets(
  given: SecretList | undefined,
  backend: SecretStore,
  directory: string,
): Secrets {
  if (given !== undefined) return () => given;
  return () => [storedSecret(backend, directory, newSecret)];
}

/** The secrets of a command, which never generates one: no other process would know it. */
export function commandSecrets(given: SecretList | undefined, backend: SecretStore, directory: () => string): Secrets {
  if (given !== undefined) return () => given;
  const missing = (): never => {
    throw new UserError("CLOCK_SECRET: missing; set it, or CLOCK_SECRET_FILE, to the secret that 'clock web' uses");
  };
  return () => [storedSecret(backend, directory(), missing)];
}

/** Throws a `UserError` if the stored secret is unusable, since every sign-in would fail. */
function storedSecret({ settings, address }: SecretStore, directory: string, make: () => string): string {
  const text =
    settings === null ? getOrCreateSecretFile(directory, secretName, make) : settings.getOrCreate(secretName, make);
  const secret = normalizeSecret(text);
  if (secret !== null && Buffer.byteLength(secret) >= minSecretBytes) return secret;
  const place = settings === null ? join(directory, secretName) : address;
  const problem = secret === null ? 'contains control characters' : `is shorter than ${minSecretBytes} bytes`;
  throw new UserError(`${place}: the stored secret ${problem}; remove it and start again, or set CLOCK_SECRET`);
}
