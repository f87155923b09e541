import { closeSync, openSync, readSync } from 'node:fs';
import { withDeadline } from '../../time/deadline.ts';
import { BadKeySet, maxKeySetBytes } from './key-set.ts';

/** The limit for a whole request, including its body. */
const timeoutMs = 5_000;

/** Where the keys of an issuer come from. */
export interface KeySource {
  /** The address or the path, for people. */
  readonly name: string;
  /** Whether it is a file, so that loading does not wait for another host. */
  readonly isLocal: boolean;
  /** Resolves to the text of the key set. Rejects with a `BadKeySet` whose message says why there is none. */
  load(stopping: AbortSignal): Promise<string>;
}

/** The source at an address of http or https, or at the path of a file. */
export function keySource(location: string): KeySource {
  const isLocal = !/^https?:/i.test(location);
  const request = (stopping: AbortSignal): Promise<string> =>
    withDeadline(stopping, timeoutMs, (signal) => fetchKeySet(location, signal));
  const load = isLocal ? async () => readKeyFile(location) : request;
  return { name: location, isLocal, load };
}

/** Reads a key set from a file. Throws a `BadKeySet`. */
export function readKeyFile(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(maxKeySetBytes + 1);
      // One read is enough: a regular file is read up to the size of the buffer.
      const length = readSync(file, buffer, 0, buffer.length, null);
      if (length > maxKeySetBytes) throw tooLarge();
      return buffer.toString('utf8', 0, length);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof BadKeySet) throw error;
    throw new BadKeySet(`it cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

async function fetchKeySet(address: string, signal: AbortSignal): Promise<string> {
  try {
    // A connection that is kept for the next attempt would be dead if the issuer restarts.
    const headers = { Accept: 'application/jwk-set+json, application/json', Connection: 'close' };
    // A redirect could lead into the network of this host.
    const response = await fetch(address, { redirect: 'manual', headers, signal });
    if (response.status !== 200) {
      await response.body?.cancel();
      throw new BadKeySet(`it answers with status ${response.status || 'of a redirect'}`);
    }
    return await readBounded(response.body);
  } catch (error) {
    if (error instanceof BadKeySet) throw error;
    if (signal.aborted) throw new BadKeySet(`it does not answer within ${timeoutMs / 1_000} s`);
    throw new BadKeySet(`it cannot be fetched (${reasonOf(error)})`);
  }
}

async function readBounded(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop by an error cancels the rest of the body.
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > maxKeySetBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function tooLarge(): BadKeySet {
  return new BadKeySet(`it is larger than ${maxKeySetBytes / 1024} KiB`);
}

/** The code of the system's or the TLS error, which `fetch` puts into the cause. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return String(cause);
}
