import type { AlertBody } from './alert-message.ts';
import type { Delivery } from './outbox.ts';

const answerWithinMs = 5_000;
const maxRetryAfterMs = 3_600_000;
/** Statuses of the class 4xx after which a retry may succeed. */
const retryable = new Set([408, 425, 429]);

/** Sends a message to a URL. Never rejects. No result contains the URL, which is a secret. */
export async function postAlert(url: string, body: AlertBody, stopping: AbortSignal): Promise<Delivery> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.any([stopping, AbortSignal.timeout(answerWithinMs)]),
    });
    await response.body?.cancel();
    return deliveryOf(response);
  } catch (error) {
    const { name, cause } = error as Error;
    const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined;
    const reason = name === 'TimeoutError' ? 'no answer within 5 s' : (code ?? 'the connection failed');
    return { kind: 'failed', reason, afterMs: null };
  }
}

function deliveryOf({ ok, status, headers }: Response): Delivery {
  if (ok) return { kind: 'delivered' };
  const reason = `status ${status}`;
  if (status >= 400 && status < 500 && !retryable.has(status)) return { kind: 'refused', reason };
  return { kind: 'failed', reason, afterMs: retryAfterMs(headers.get('Retry-After')) };
}

/** Seconds, or a date. */
function retryAfterMs(text: string | null): number | null {
  if (text === null || text.trim() === '') return null;
  const ms = /^\d+$/.test(text.trim()) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), maxRetryAfterMs);
}
