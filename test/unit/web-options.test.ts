import { describe, expect, test } from 'vitest';
import { readOptions } from '../../src/config.ts';
import { webOptions } from '../../src/web/options.ts';

describe('--host', () => {
  test.each(['0.0.0.0', '::', '::1', '192.0.2.1', 'fe80::1%eth0', 'localhost', 'clock.example.org'])(
    'accepts %s',
    (host) => {
      expect(readOptions(webOptions, { host }, {}).host).toBe(host);
    },
  );

  test.each(['*', '', ' ', '[::1]', '0.0.0.0:8000', 'http://localhost', '-', 'a b', '.'])('refuses %j', (host) => {
    expect(() => readOptions(webOptions, { host }, {})).toThrow(/^--host: .* must be an address of this host/);
  });
});

describe('--cookie-prefix', () => {
  test.each(['', 'lobby-', 'A_1'])('accepts %j', (cookiePrefix) => {
    expect(readOptions(webOptions, { cookiePrefix }, {}).cookiePrefix).toBe(cookiePrefix);
  });

  test.each(['__Host-', '__', 'a=b', 'a;b', 'a b', 'é', 'x'.repeat(33)])('refuses %j', (cookiePrefix) => {
    expect(() => readOptions(webOptions, { cookiePrefix }, {})).toThrow('--cookie-prefix: ');
  });
});

test.each(['ftp://a.example', 'ws://a.example', 'https://a.example/'])('--frame-ancestors refuses %s', (origin) => {
  expect(() => readOptions(webOptions, { frameAncestors: origin }, {})).toThrow('--frame-ancestors: ');
});
