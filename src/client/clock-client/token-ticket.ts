import { schedule } from '../schedule.ts';

const timeoutMs = 5_000;

/** Exchanges a token for a ticket. Rejects after 5 s, and with the `status` of a refusal. */
export async function ticketFor(installation: URL, token: string): Promise<string> {
  const abort = new AbortController();
  const cancel = schedule(() => abort.abort(), timeoutMs);
  const headers = { Authorization: `Bearer ${token}` };
  try {
    const address = new URL('/api/ticket', installation);
    const response = await fetch(address, { method: 'POST', headers, signal: abort.signal });
    const { status } = response;
    if (!response.ok) throw Object.assign(new Error(`${address.href}: status ${status}`), { status });
    return (await response.json()).ticket;
  } finally {
    cancel();
  }
}
