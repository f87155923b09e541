import { unescape } from 'node:querystring';
import { withDeadline } from '../time/deadline.ts';
import type { AlertBody } from './alert-message.ts';
import type { Delivery } from './outbox.ts';

const answerWithinMs = 5_000;
const maxRetryAfterMs = 3_600_000;
/** Statuses of the class 4xx after which a retry may succeed, even without `Retry-After`. */
const retryable = new Set([408, 425, 429]);

/** Sends a message to a URL. Never rejects. No result contains the URL, which is a secret. */
export async function postAlert(url: string, body: AlertBody, stopping: AbortSignal): Promise<Delivery> {
  try {
    const { address, credentials } = withoutCredentials(url);
    const headers = { 'Content-Type': 'application/json', ...credentials };
    return await withDeadline(stopping, answerWithinMs, async (signal) => {
      const request = { method: 'POST', headers, body: JSON.stringify(body), redirect: 'manual', signal } as const;
      const response = await fetch(address, request);
      await response.body?.cancel();
      return deliveryOf(response);
    });
  } catch (error) {
    const { name, cause } = error as Error;
    const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
    const reason = name === 'TimeoutError' ? 'no answer within 5 s' : (code ?? 'the connection failed');
    return { kind: 'failed', reason, afterMs: null };
  }
}

/** `fetch` refuses an address with a user and a password, as in `https://user:password@host/`. */
function withoutCredentials(url: string): { address: URL; credentials: Record<string, string> } {
  const address = new URL(url);
  const { username, password } = address;
  if (username === '' && password === '') return { address, credentials: {} };
  address.username = '';
  address.password = '';
  const text = Buffer.from(`${unescape(username)}:${unescape(password)}`).toString('base64');
  return { address, credentials: { Authorization: `Basic ${text}` } };
}

function deliveryOf({ ok, status, headers }: Response): Delivery {
  if (ok) return { kind: 'delivered' };
  const reason = `status ${status}`;
  const afterMs = retryAfterMs(headers.get('Retry-After'));
  const isRefusal = status >= 400 && status < 500 && !retryable.has(status) && afterMs === null;
  return isRefusal ? { kind: 'refused', reason } : { kind: 'failed', reason, afterMs };
}

/** Seconds, or a date; null if it does not require a wait. */
function retryAfterMs(text: string | null): number | null {
  const value = text?.trim() ?? '';
  // `Date.parse` takes other texts for dates, such as `-5`.
  const isDate = /^[A-Z][a-z]+,? /.test(value);
  const ms = isDate ? Date.parse(value) - Date.now() : /^\d+$/.test(value) ? Number(value) * 1_000 : NaN;
  return ms > 0 ? Math.min(ms, maxRetryAfterMs) : null;
}
