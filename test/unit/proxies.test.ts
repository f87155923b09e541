import { describe, expect, test } from 'vitest';
import { parseAddressRange } from '../../src/addresses.ts';
import { Proxies } from '../../src/web/proxies.ts';
import { recordedLog } from '../support/recorded-log.ts';

function clientOf(peer: string, headers: Record<string, string>) {
  const { log, lines } = recordedLog();
  const trusted = ['10.0.0.0/8', 'fd00::/8'].map(parseAddressRange);
  const proxies = new Proxies(trusted, false, log);
  const client = proxies.clientOf(peer, new Map(Object.entries(headers)));
  return { ...client, warned: lines.length > 0 };
}

describe('the client of a request', () => {
  test.each([{ 'x-forwarded-for': '1.2.3.4' }, { 'x-forwarded-proto': 'https' }])(
    'is the peer if the peer is not a trusted proxy, and %j is a warning',
    (headers: Record<string, string>) => {
      expect(clientOf('192.0.2.1', headers)).toEqual({ address: '192.0.2.1', secure: false, warned: true });
    },
  );

  test.each([
    ['the only hop', '192.0.2.7', '192.0.2.7'],
    ['the right-most hop that is not a trusted proxy', '1.2.3.4, 192.0.2.7, 10.1.2.3', '192.0.2.7'],
    ['the left-most hop if all are trusted proxies', '10.0.0.7, 10.0.0.8', '10.0.0.7'],
    ['a hop with a port', '192.0.2.7:4711', '192.0.2.7'],
    ['an IPv6 hop in brackets', '[2001:db8::7]:4711', '2001:db8::7'],
    ['an IPv4-mapped hop in hexadecimal', '::ffff:102:304', '1.2.3.4'],
    ['the proxy if the hop is not an address', 'unknown', '10.0.0.1'],
  ])('is %s', (_, forwarded, address) => {
    expect(clientOf('10.0.0.1', { 'x-forwarded-for': forwarded })).toMatchObject({ address, warned: false });
  });

  test.each([
    ['https', true],
    ['HTTPS', true],
    ['wss', true],
    ['WSS', true],
    ['http', false],
    ['ws', false],
    ['', false],
  ])('with X-Forwarded-Proto: %s of a trusted proxy connected over TLS: %s', (scheme, secure) => {
    expect(clientOf('10.0.0.1', { 'x-forwarded-proto': scheme }).secure).toBe(secure);
  });

  test.each([
    ['at its own place', '1.2.3.4, 192.0.2.7, 10.1.2.3', 'http, https, http', true],
    ['at its own place, not the left-most', '1.2.3.4, 192.0.2.7', 'https, http', false],
    ['the left-most if the lists differ', '192.0.2.7', 'https, http', true],
    ['the left-most if there is no list of addresses', undefined, 'http, https', false],
  ])('takes the scheme %s', (_, forwarded, schemes, secure) => {
    const forwardedFor: Record<string, string> = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded };
    expect(clientOf('10.0.0.1', { ...forwardedFor, 'x-forwarded-proto': schemes }).secure).toBe(secure);
  });
});
