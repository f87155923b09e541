import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodedAnswer } from '../support/encoded-answer.ts';
import { WebApp } from '../support/web-app.ts';

let app: WebApp;
let cookie = '';
beforeAll(async () => {
  app = await WebApp.start();
  cookie = (await app.signedIn()).cookieHeader();
});
afterAll(() => app[Symbol.asyncDispose]());

/** The pages without a secret beside text that the request chose. */
const compressed = ['/', '/embed', '/nope'];

describe.each(compressed)('the page %s', (path) => {
  test.each([
    ['br, gzip, deflate', 'br'],
    ['gzip, deflate', 'gzip'],
    ['br;q=0, gzip;q=0.5', 'gzip'],
  ])('is for Accept-Encoding %j encoded as %s, with the same content', async (accepted, encoding) => {
    const plain = await encodedAnswer(app.url + path, 'identity', { cookie });
    const answer = await encodedAnswer(app.url + path, accepted, { cookie });
    expect(answer.headers.get('content-encoding')).toBe(encoding);
    expect(answer.headers.get('vary')).toBe('Accept-Encoding');
    expect(answer.headers.get('content-length')).toBe(String(answer.bytes));
    expect(answer.bytes).toBeLessThan(0.7 * plain.bytes);
    expect(answer.status).toBe(plain.status);
    expect(answer.text).toBe(plain.text);
  });

  test.each(['identity', 'deflate', 'gzip;q=0', ''])('is for Accept-Encoding %j not encoded', async (accepted) => {
    const answer = await encodedAnswer(app.url + path, accepted, { cookie });
    expect(answer.headers.has('content-encoding')).toBe(false);
    expect(answer.headers.get('vary')).toBe('Accept-Encoding');
    expect(answer.text).toContain('<!doctype html>');
  });

  test('is answered to HEAD with the headers of GET and no body', async () => {
    const get = await encodedAnswer(app.url + path, 'br', { cookie });
    const head = await encodedAnswer(app.url + path, 'br', { cookie, method: 'HEAD' });
    expect(head.bytes).toBe(0);
    expect(head.headers.get('content-length')).toBe(String(get.bytes));
    expect(head.headers.get('content-encoding')).toBe('br');
  });
});

test.each([
  ['/accounts/login/?next=/%3Fa', false],
  ['/accounts/password_change/', true],
])('the page %s has a secret beside text that a request chose, and is never compressed', async (path, isSignedIn) => {
  const answer = await encodedAnswer(app.url + path, 'br, gzip', isSignedIn ? { cookie } : {});
  expect(answer.status).toBe(200);
  expect(answer.headers.has('content-encoding')).toBe(false);
  expect(answer.text).toContain('csrfmiddlewaretoken');
});
