import { describe, expect, test } from 'vitest';
import { BadValue } from '../../src/config.ts';
import { parseAddressRange, Proxies } from '../../src/web/proxies.ts';
import { recordedLog } from '../support/recorded-log.ts';

function clientOf(
  peer: string,
  headers: Record<string, string>,
  trusted: readonly string[] = ['10.0.0.0/8', 'fd00::/8'],
) {
  const { log, lines } = recordedLog();
  const proxies = new Proxies(trusted.map(parseAddressRange), false, log);
  const client = proxies.clientOf(peer, new Map(Object.entries(headers)));
  return { ...client, warned: lines.length > 0 };
}

describe('a client', () => {
  test('is the peer where no proxy is trusted, and that is said once', () => {
    const forged = { 'x-forwarded-for': '1.2.3.4', 'x-forwarded-proto': 'https' };
    expect(clientOf('192.0.2.1', forged)).toEqual({ address: '192.0.2.1', secure: false, warned: true });
  });

  test.each([
    ['the only hop', '192.0.2.7', '192.0.2.7'],
    ['the right-most hop that no proxy of ours is', '1.2.3.4, 192.0.2.7, 10.1.2.3', '192.0.2.7'],
    ['the first hop where all are proxies', '10.0.0.7, 10.0.0.8', '10.0.0.7'],
    ['a hop with a port', '192.0.2.7:4711', '192.0.2.7'],
    ['an IPv6 hop in brackets', '[2001:db8::7]:4711', '2001:db8::7'],
    ['the proxy where the hop is nonsense', 'unknown', '10.0.0.1'],
  ])('is %s', (_, forwarded, address) => {
    expect(clientOf('10.0.0.1', { 'x-forwarded-for': forwarded })).toMatchObject({ address, warned: false });
  });

  test('came over TLS where a trusted proxy says so', () => {
    expect(clientOf('10.0.0.1', { 'x-forwarded-proto': 'https' }).secure).toBe(true);
    expect(clientOf('10.0.0.1', { 'x-forwarded-proto': 'http' }).secure).toBe(false);
  });

  test('is seen as IPv4 also where a socket of both kinds shows it as IPv6', () => {
    expect(clientOf('0000:0000:0000:0000:0000:ffff:c000:0201', {}).address).toBe('192.0.2.1');
    expect(clientOf('::ffff:10.0.0.1', { 'x-forwarded-for': '192.0.2.7' }).address).toBe('192.0.2.7');
  });
});

describe('a range of addresses', () => {
  test.each(['10.0.0.0/8', '192.0.2.1', '::1', 'fd00::/8', '0.0.0.0/0'])('%s is one', (text) => {
    expect(parseAddressRange(text).address).toBe(text.split('/')[0]);
  });

  test.each(['', '10.0.0.0/33', '10.0.0/8', 'fd00::/129', '10.0.0.0/', '10.0.0.0/8/8', 'proxy.example'])(
    '%j is none',
    (text) => {
      expect(() => parseAddressRange(text)).toThrow(BadValue);
    },
  );
});
