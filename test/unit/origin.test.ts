import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadValue } from '../../src/option-parsers.ts';
import { sameSitePath } from '../../src/web/account-routes.ts';
import type { RequestHead } from '../../src/web/http.ts';
import { isOurOrigin, parseOrigin } from '../../src/web/origin.ts';

function head(origin: string | undefined, host = 'clock.example.org:8000', secure = false): RequestHead {
  const headers = new Map([['host', host]]);
  if (origin !== undefined) headers.set('origin', origin);
  return { method: 'GET', path: '/', query: '', headers, secure };
}

describe('an Origin', () => {
  test('that is missing means a program', () => {
    expect(isOurOrigin(head(undefined), [])).toBeNull();
  });

  test.each([
    ['http://clock.example.org:8000', 'clock.example.org:8000'],
    ['https://clock.example.org:8000', 'clock.example.org:8000'],
    ['http://clock.example.org:8000', 'Clock.Example.ORG:8000'],
    ['http://clock.example.org', 'clock.example.org:80'],
    ['https://clock.example.org', 'clock.example.org'],
    ['http://[::1]:8000', '[::1]:8000'],
  ])('%s is ours on %s', (origin, host) => {
    expect(isOurOrigin(head(origin, host), [])).toBe(true);
  });

  test.each([
    'null',
    '',
    'http://clock.example.org',
    'http://clock.example.org:80000',
    'http://clock.example.org:8001',
    'http://clock.example.org:8000.evil.example',
    'http://evil.example/clock.example.org:8000',
    'http://clock.example.org:8000/',
    'http://clock.example.org:8000@evil.example',
    'http://evilclock.example.org:8000',
    'ws://clock.example.org:8000',
    'file://',
    ' http://clock.example.org:8000',
  ])('%j is foreign on clock.example.org:8000', (origin) => {
    expect(isOurOrigin(head(origin), [])).toBe(false);
  });

  test('that is ours is foreign on another host and on https, also when it was checked before', () => {
    const origin = 'http://again.example.org';
    const answers = ['again.example.org', 'other.example.org', 'again.example.org'].map((host) =>
      isOurOrigin(head(origin, host), []),
    );
    expect(answers).toEqual([true, false, true]);
    expect(isOurOrigin(head(origin, 'again.example.org', true), [])).toBe(false);
  });

  test('of http is foreign on https', () => {
    expect(isOurOrigin(head('http://clock.example.org', 'clock.example.org', true), [])).toBe(false);
  });

  test('of --allowed-origins is ours', () => {
    expect(isOurOrigin(head('https://intranet.example.org'), ['https://intranet.example.org'])).toBe(true);
  });

  test.each([
    'https://a.example/',
    'a.example',
    'https://a.example/path',
    'https://A.example',
    'https://a.example:443',
    'ws://a.example',
    'ftp://a.example',
    'chrome-extension://abcdef',
    'file://',
    '*',
    'null',
    '',
  ])('%j is refused by --allowed-origins', (text) => {
    expect(() => parseOrigin(text)).toThrow(BadValue);
  });
});

describe('sameSitePath', () => {
  test.each(['/', '/?zone=Europe/Madrid', '/screens?a=1&b=%2F#top'])('returns %s unchanged', (path) => {
    expect(sameSitePath(path)).toBe(path);
  });

  test.each([
    '',
    'screens',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    'https://evil.example',
    '/..//evil.example',
  ])('returns / for %j', (path) => {
    expect(sameSitePath(path)).toBe('/');
  });

  test('returns a path on this site for any text', () => {
    const pieces = fc.constantFrom(
      '/',
      '\\',
      '.',
      '..',
      '//',
      'evil.example',
      '@',
      ':',
      '\t',
      '\n',
      '%2f',
      'http:',
      '?',
    );
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (asked) => {
        const path = sameSitePath(asked);
        expect(new URL(path, 'http://here.example').origin).toBe('http://here.example');
        expect(path).toMatch(/^\/(?![/\\])/);
      }),
    );
  });
});
