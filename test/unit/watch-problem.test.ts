import { describe, expect, test } from 'vitest';
import { problemOfResponse, problemOfError } from '../../src/commands/watch-problem.ts';

const origin = 'https://clock.example.org:8443';

function failedWith(code: string): Error {
  return new TypeError('fetch failed', { cause: Object.assign(new Error(code), { code }) });
}

describe('the problem of a failed request', () => {
  test.each([
    ['ECONNREFUSED', 'refused', /no server listens on that port/],
    ['ENOTFOUND', 'no-network', /^the host clock\.example\.org is not found/],
    ['EAI_AGAIN', 'no-network', /is not found/],
    ['ENETUNREACH', 'no-network', /cannot be reached from this host/],
    ['EHOSTUNREACH', 'no-network', /cannot be reached from this host/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate', /it is self-signed; .*NODE_EXTRA_CA_CERTS/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate', /its issuer is unknown/],
    ['CERT_HAS_EXPIRED', 'certificate', /it has expired/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'certificate', /it is for another host name/],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'not-a-clock', /check scheme and port/],
    ['UND_ERR_SOCKET', 'no-answer', /closes connections without an answer/],
    ['ECONNRESET', 'no-answer', /closes connections without an answer/],
    ['UND_ERR_CONNECT_TIMEOUT', 'no-answer', /does not answer/],
  ])('with the code %s is %s', (code, reason, message) => {
    const problem = problemOfError(failedWith(code), origin);
    expect(problem.reason).toBe(reason);
    expect(problem.message).toMatch(message);
  });

  test('of several addresses is that of the first', () => {
    const errors = [failedWith('ECONNREFUSED'), failedWith('ENETUNREACH')];
    const error = new TypeError('fetch failed', { cause: new AggregateError(errors) });
    expect(problemOfError(error, origin).reason).toBe('refused');
  });

  test('with an answer that is not JSON names no code', () => {
    const { reason, message } = problemOfError(new SyntaxError('Unexpected token'), origin);
    expect([reason, message]).toEqual([
      'not-a-clock',
      `${origin} does not answer like a Clock server: check scheme and port`,
    ]);
  });

  test('without a code is no-answer', () => {
    expect(problemOfError(new Error('no answer within 5000 ms'), origin).reason).toBe('no-answer');
  });
});

describe('the problem of an answer', () => {
  test.each([
    [{ status: 401 }, 'signed-out'],
    [{ status: 403 }, 'signed-out'],
    [{ status: 401, isForeign: true }, 'not-a-clock'],
    [{ status: 404 }, 'not-a-clock'],
    [{ status: 200 }, 'not-a-clock'],
    [{ status: 429 }, 'unavailable'],
    [{ status: 503 }, 'unavailable'],
  ])('%j is %s', (answer, reason) => {
    expect(problemOfResponse({ retryAfterMs: null, state: null, ...answer }, origin)?.reason).toBe(reason);
  });

  test('is null if it contains the initial state', () => {
    const state = {
      current: null,
      at: null,
      seq: null,
      channel: 'time',
      zone: null,
      utcOffsetMs: null,
      nextUtcOffset: null,
    };
    const whole = { ...state, interval: 500, stale: true, spread: 500, build: 'x' };
    expect(problemOfResponse({ status: 200, retryAfterMs: null, state: whole }, origin)).toBeNull();
  });
});
