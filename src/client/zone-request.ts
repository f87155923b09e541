import type { UtcOffsets } from '../time/zone-offset.ts';
import { request } from './request.ts';

const timeoutMs = 5_000;

/** Requests the offsets of a zone; null if the server does not know it. Rejects without a response within 5 s. */
export async function fetchZone(
  page: string | URL,
  name: string,
  headers: Record<string, string>,
): Promise<UtcOffsets | null> {
  const address = new URL(`/api/zones?names=${encodeURIComponent(name)}`, page);
  return request(address, readOffsets, { timeoutMs, headers });

  async function readOffsets(response: Response): Promise<UtcOffsets | null> {
    if (response.status === 404) return null;
    if (!response.ok) throw new Error(`${address.pathname}: status ${response.status}`);
    const offsets = ((await response.json()) as Record<string, UtcOffsets>)[name];
    if (offsets === undefined) throw new Error(`${address.pathname}: no offsets of ${name}`);
    return offsets;
  }
}
