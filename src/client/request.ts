import { schedule } from './schedule.ts';

export interface RequestOptions {
  /** The limit for the whole request, including the body. */
  timeoutMs: number;
  /** GET by default. */
  method?: string;
  body?: string | undefined;
  headers?: Record<string, string>;
  /** If it rejects, the request is cancelled and rejects as well. */
  cancelled?: Promise<never> | undefined;
}

/** Requests an address, without caches, and reads the response. Rejects if that takes longer than `timeoutMs`. */
export async function request<Result>(
  address: URL,
  read: (response: Response) => Promise<Result>,
  { timeoutMs, method = 'GET', body, headers = {}, cancelled }: RequestOptions,
): Promise<Result> {
  // AbortController is missing in Chromium before 66; AbortSignal.timeout and .any in Chromium before 103 and 116, and in
  // Safari before 16 and 17.4.
  const abort = typeof AbortController === 'undefined' ? null : new AbortController();
  let cancelTimer = (): void => {};
  const late = new Promise<never>((_, reject) => {
    cancelTimer = schedule(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    const init = {
      method,
      body: body ?? null,
      headers,
      redirect: 'manual',
      // Browsers queue a cacheable request behind an identical one.
      cache: 'no-store',
      // Chromium before 72 omits cookies by default.
      credentials: 'same-origin',
      signal: abort?.signal ?? null,
    } as const;
    return await Promise.race([fetch(address, init).then(read), late, cancelled ?? late]);
  } finally {
    cancelTimer();
    abort?.abort();
  }
}
