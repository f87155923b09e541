import { afterEach, describe, expect, test, vi } from 'vitest';
import { fetchState, socketAddress } from '../../src/client/wire.ts';

const page = 'https://clock.example.org/?face=analog';
const told = {
  current: null,
  at: null,
  seq: null,
  channel: 'time',
  interval: 500,
  stale: true,
  spread: 500,
  build: 'x',
};

function answerWith(body: unknown, init: ResponseInit = {}): void {
  vi.stubGlobal('fetch', async () => Response.json(body, init));
}

/** A fetch that settles only when it is aborted. */
function answerNever(): void {
  vi.stubGlobal('fetch', (_: URL, { signal }: RequestInit) => {
    const { promise, reject } = Promise.withResolvers<Response>();
    signal?.addEventListener('abort', () => reject(new Error('aborted')));
    return promise;
  });
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe('the initial state', () => {
  test('is requested without the cache and without following redirects', async () => {
    const fetch = vi.fn(async () => Response.json(told));
    vi.stubGlobal('fetch', fetch);
    const { status, state } = await fetchState(page, 1_000, { headers: { Authorization: 'Bearer x' } });
    expect({ status, state }).toEqual({ status: 200, state: told });
    expect(fetch).toHaveBeenCalledWith(
      new URL('https://clock.example.org/api/initial_state'),
      expect.objectContaining({ cache: 'no-store', redirect: 'manual', headers: { Authorization: 'Bearer x' } }),
    );
  });

  test('comes with the seconds of Retry-After as ms', async () => {
    answerWith({}, { status: 503, headers: { 'Retry-After': '3' } });
    expect(await fetchState(page, 1_000)).toEqual({ status: 503, retryAfterMs: 3_000, state: null });
  });

  test.each([
    ['a redirect', () => new Response(null, { status: 302, headers: { Location: '/sign-in' } })],
    ['a page', () => new Response('<!doctype html>', { headers: { 'Content-Type': 'text/html; charset=utf-8' } })],
  ])('counts as refused if the answer is %s', async (_, response) => {
    vi.stubGlobal('fetch', async () => response());
    expect(await fetchState(page, 1_000)).toMatchObject({ status: 401, state: null });
  });

  test.each([null, 'text', [], {}, { interval: 'soon' }, { interval: 0 }])(
    'is null if the answer is %j',
    async (body) => {
      answerWith(body);
      expect(await fetchState(page, 1_000)).toMatchObject({ status: 200, state: null });
    },
  );

  test('is missed after the time-out, also in browsers without AbortController and AbortSignal.timeout', async () => {
    vi.useFakeTimers();
    vi.stubGlobal('AbortController', undefined);
    vi.stubGlobal('AbortSignal', undefined);
    answerNever();
    const error = fetchState(page, 1_000).catch(String);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await error).toContain('no answer within 1000 ms');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is read in browsers without AbortController and AbortSignal.timeout', async () => {
    vi.stubGlobal('AbortController', undefined);
    vi.stubGlobal('AbortSignal', undefined);
    answerWith(told);
    expect(await fetchState(page, 1_000)).toMatchObject({ status: 200, state: told });
  });

  test('is given up when it is cancelled, and leaves no timer', async () => {
    vi.useFakeTimers();
    answerNever();
    const { promise: cancelled, reject } = Promise.withResolvers<never>();
    const error = fetchState(page, 1_000, { cancelled }).catch(String);
    reject(new Error('it was cancelled'));
    expect(await error).toContain('cancelled');
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('the socket of a page has its host and scheme', () => {
  expect(socketAddress(page).href).toBe('wss://clock.example.org/time/tic/?every=1000');
  expect(socketAddress('http://127.0.0.1:8000/embed').href).toBe('ws://127.0.0.1:8000/time/tic/?every=1000');
  expect(socketAddress(page, ['show', 'news']).search).toBe('?every=1000&channels=time,show,news');
});
