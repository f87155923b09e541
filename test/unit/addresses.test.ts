import { describe, expect, test } from 'vitest';
import {
  formatAddress,
  isLoopback,
  isInRanges,
  networkOf,
  parseAddress,
  parseAddressRange,
} from '../../src/addresses.ts';
import { BadValue } from '../../src/option-parsers.ts';

describe('parseAddress', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['2001:0DB8:0:0::0001', '2001:db8::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:102:304', '1.2.3.4'],
    ['0000:0000:0000:0000:0000:ffff:c000:0201', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('writes %s as %s', (text, canonical) => {
    expect(parseAddress(text)).toBe(canonical);
  });

  test.each(['', 'unknown', '1', '0x7f.0.0.1', '010.0.0.1', '192.0.2.1:80', '[::1]', '1.2.3', '::1::', ' 192.0.2.1'])(
    'refuses %j',
    (text) => {
      expect(parseAddress(text)).toBeNull();
    },
  );
});

describe('formatAddress', () => {
  test.each([
    [[192, 0, 2, 1], '192.0.2.1'],
    [[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], '2001:db8::1'],
    [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1], '192.0.2.1'],
    [[], ''],
  ])('writes the bytes %j as %j', (bytes, canonical) => {
    expect(formatAddress(Uint8Array.from(bytes))).toBe(canonical);
    expect(parseAddress(canonical) ?? '').toBe(canonical);
  });
});

describe('networkOf', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:102:304', '1.2.3.4'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8::/64'],
    ['::1', '::/64'],
    ['unknown', 'unknown'],
  ])('counts %s as %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });
});

describe('an address range', () => {
  test.each([
    ['10.0.0.0/8', '10.255.0.1', '11.0.0.1'],
    ['192.0.2.1', '192.0.2.1', '192.0.2.2'],
    ['192.0.2.1', '::ffff:c000:201', '::ffff:c000:202'],
    ['0.0.0.0/0', '203.0.113.1', '2001:db8::1'],
    ['::1', '::1', '::2'],
    ['fd00::/8', 'fdff::1', 'fe00::1'],
    ['::/0', '2001:db8::1', '10.0.0.1'],
    ['::ffff:10.0.0.0/104', '10.1.2.3', '11.1.2.3'],
  ])('%s contains %s and not %s', (range, inside, outside) => {
    const ranges = [parseAddressRange(range)];
    expect(isInRanges(inside, ranges)).toBe(true);
    expect(isInRanges(outside, ranges)).toBe(false);
    expect(isInRanges('unknown', ranges)).toBe(false);
  });

  test.each([
    '',
    '10.0.0.0/33',
    '10.0.0/8',
    'fd00::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/0x8',
    'proxy.example',
  ])('cannot be written as %j', (text) => {
    expect(() => parseAddressRange(text)).toThrow(BadValue);
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['[::1]', true],
  ['::ffff:127.0.0.1', true],
  ['localhost', true],
  ['clock.localhost', true],
  ['0.0.0.0', false],
  ['::', false],
  ['192.0.2.1', false],
  ['localhost.example.org', false],
])('whether %j is loopback: %j', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
