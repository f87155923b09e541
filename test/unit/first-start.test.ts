import { describe, expect, test } from 'vitest';
import { formatAuthority, isUnspecified, localHosts } from '../../src/addresses.ts';
import { reachableAddresses } from '../../src/first-start.ts';

const interfaces = [
  { address: '127.0.0.1', family: 'IPv4', internal: true },
  { address: '::1', family: 'IPv6', internal: true },
  { address: 'fe80::1', family: 'IPv6', internal: false },
  { address: '192.168.1.7', family: 'IPv4', internal: false },
  { address: 'fd00::7', family: 'IPv6', internal: false },
] as const;
const onlyIPv6 = interfaces.filter(({ family }) => family === 'IPv6');

describe('reachableAddresses', () => {
  test.each([
    ['127.0.0.1', interfaces, ['127.0.0.1']],
    ['fd00::7', interfaces, ['fd00::7']],
    ['clock.example', interfaces, ['clock.example']],
    ['0.0.0.0', interfaces, ['127.0.0.1', '192.168.1.7']],
    ['::', interfaces, ['127.0.0.1', '192.168.1.7', 'fd00::7']],
    ['::', onlyIPv6, ['::1', 'fd00::7']],
  ])('of a server on %s with %j', (host, present, addresses) => {
    expect(reachableAddresses(host, present)).toEqual(addresses);
  });
});

describe('localHosts', () => {
  test.each([
    ['::', ['127.0.0.1', '::1']],
    ['0:0:0:0:0:0:0:0', ['127.0.0.1', '::1']],
    ['0.0.0.0', ['127.0.0.1']],
    ['192.0.2.1', ['192.0.2.1']],
    ['localhost', ['localhost']],
  ])('of a server on %s', (host, hosts) => {
    expect(localHosts(host)).toEqual(hosts);
    expect(isUnspecified(host)).toBe(!hosts.includes(host));
  });
});

test('formatAuthority puts brackets around an IPv6 address alone', () => {
  expect(['::1', '127.0.0.1', 'localhost'].map((host) => formatAuthority(host, 80))).toEqual([
    '[::1]:80',
    '127.0.0.1:80',
    'localhost:80',
  ]);
});
