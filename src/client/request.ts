import { schedule } from './schedule.ts';

export interface RequestOptions {
  /** For the answer and for reading it. */
  timeoutMs: number;
  headers?: Record<string, string>;
  /** Ends the request; the promise rejects. */
  signal?: AbortSignal | undefined;
}

/** Requests an address past the caches, and reads the answer. Rejects if that takes longer than `timeoutMs`. */
export async function request<Answer>(
  address: URL,
  read: (response: Response) => Promise<Answer>,
  { timeoutMs, headers = {}, signal }: RequestOptions,
): Promise<Answer> {
  // AbortController is missing in Chromium before 66; AbortSignal.timeout and .any in Chromium before 103 and 116, and in
  // Safari before 16 and 17.4.
  const abort = typeof AbortController === 'undefined' ? null : new AbortController();
  let end = (_reason: Error): void => {};
  const ended = new Promise<never>((_, reject) => (end = reject));
  const cancelTimer = schedule(() => end(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  const onAbort = (): void => end(new Error('the question was cancelled'));
  signal?.addEventListener('abort', onAbort);
  try {
    const init = {
      headers,
      redirect: 'manual',
      // A browser lets a cacheable request wait for an identical one before it.
      cache: 'no-store',
      // Chromium before 72 omits cookies by default.
      credentials: 'same-origin',
      signal: abort?.signal ?? null,
    } as const;
    return await Promise.race([fetch(address, init).then(read), ended]);
  } finally {
    cancelTimer();
    signal?.removeEventListener('abort', onAbort);
    abort?.abort();
  }
}
