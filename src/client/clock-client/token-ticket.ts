const timeoutMs = 5_000;

/** Exchanges a token for a ticket. Rejects after 5 s, and with the `status` of a refusal. */
export async function ticketFor(installation: URL, token: string): Promise<string> {
  // Missing in Chromium before 103 and Safari before 16: there, the browser's own limit ends the request.
  const signal = AbortSignal.timeout?.(timeoutMs) ?? null;
  const headers = { Authorization: `Bearer ${token}` };
  const response = await fetch(new URL('/api/ticket', installation), { method: 'POST', headers, signal });
  const { ok, status } = response;
  if (!ok) throw Object.assign(new Error(`no ticket: status ${status}`), { status });
  return (await response.json()).ticket;
}
