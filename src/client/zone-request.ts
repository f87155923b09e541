import type { UtcOffsets } from '../time/zone-offset.ts';
import { request } from './request.ts';

const timeoutMs = 5_000;
/** The server answers for at most this many zones at once. */
const mostNames = 8;

type Answers = Readonly<Record<string, UtcOffsets>>;

/**
 * A function that requests the offsets of a zone. It resolves to null if the server does not have the zone, and rejects
 * without a response within 5 s. Calls in the same turn share a request.
 */
export function zoneFetcher(
  page: string | URL,
  headers: Record<string, string>,
): (name: string) => Promise<UtcOffsets | null> {
  return shareRequests((names) => fetchZones(page, names, headers));
}

/** `fetchAll` resolves to null if one of the names is unknown: then each is requested by itself. */
export function shareRequests(
  fetchAll: (names: readonly string[]) => Promise<Answers | null>,
): (name: string) => Promise<UtcOffsets | null> {
  let names = new Set<string>();
  let answers: Promise<Answers | null> = Promise.resolve(null);
  return async (name) => {
    if (names.size === 0 || names.size === mostNames) {
      const shared = new Set<string>();
      names = shared;
      answers = Promise.resolve().then(() => {
        if (names === shared) names = new Set();
        return fetchAll([...shared]);
      });
    }
    const joined = names.add(name);
    const found = await answers;
    return (found ?? (joined.size > 1 ? await fetchAll([name]) : null))?.[name] ?? null;
  };
}

async function fetchZones(
  page: string | URL,
  names: readonly string[],
  headers: Record<string, string>,
): Promise<Answers | null> {
  const address = new URL(`/api/zones?names=${encodeURIComponent(names.join())}`, page);
  return request(address, readOffsets, { timeoutMs, headers });

  async function readOffsets(response: Response): Promise<Answers | null> {
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`${address.pathname}: status ${response.status}`);
    const answers = (await response.json()) as Answers;
    const missing = names.find((name) => answers[name] === undefined);
    if (missing !== undefined) throw new Error(`${address.pathname}: no offsets of ${missing}`);
    return answers;
  }
}
