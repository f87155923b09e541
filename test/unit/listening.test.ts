import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { UserError } from '../../src/lifecycle.ts';
import { internalOptions, listenError, occupiedAddresses, publicOptions } from '../../src/listening.ts';

vi.mock('node:os', () => ({ networkInterfaces: vi.fn() }));
afterEach(() => void vi.mocked(networkInterfaces).mockReset());

describe('the error of a server that cannot listen', () => {
  test.each([
    ['EADDRINUSE', '--port', 'the port is in use; choose another port, or stop the process that listens on it'],
    ['EACCES', '--port', 'this user may not use the port; choose one above 1023, or grant CAP_NET_BIND_SERVICE'],
    ['EADDRNOTAVAIL', '--host', 'this host does not have the address; choose an address of this host, or :: for all'],
    ['EAFNOSUPPORT', '--host', 'this host has no IPv6; choose an IPv4 address, or 0.0.0.0 for all'],
    ['ENOTFOUND', '--host', 'the name has no address; choose an address of this host, or :: for all'],
    ['EAI_AGAIN', '--host', 'the name cannot be resolved; choose an address of this host, or :: for all'],
    ['EINVAL', '--host', 'a link-local address cannot be used; choose an address of this host, or :: for all'],
    ['EMFILE', '--port', 'what the system says'],
  ])('says what to do about %s', (code, option, advice) => {
    const error = Object.assign(new Error('what the system says'), { code });
    const address = { host: '::1', port: 80 };
    const message = `${option}: cannot listen on [::1]:80: ${advice}`;
    expect(listenError(error, address, publicOptions)).toEqual(new UserError(message, 2));
    expect(listenError(error, address, internalOptions).message).toBe(message.replace('--', '--internal-'));
  });
});

describe('the addresses that a server occupies', () => {
  test.each([
    ['127.0.0.1', ['127.0.0.1']],
    ['::ffff:127.0.0.1', ['127.0.0.1']],
    ['fe80::1%eth0', ['fe80::1']],
    ['0.0.0.0', ['0.0.0.0', '127.0.0.1', '192.0.2.1']],
    ['::', ['0.0.0.0', '127.0.0.1', '::1', '192.0.2.1', 'fe80::1']],
  ])('of %s are %j', (address, expected) => {
    const [loopback, other] = [
      [
        { address: '127.0.0.1', family: 'IPv4' },
        { address: '::1', family: 'IPv6' },
      ],
      [
        { address: '192.0.2.1', family: 'IPv4' },
        { address: 'fe80::1', family: 'IPv6' },
      ],
    ];
    const interfaces = { lo: loopback, eth0: other, eth1: other.slice(1) };
    vi.mocked(networkInterfaces).mockReturnValue(interfaces as unknown as ReturnType<typeof networkInterfaces>);
    expect(occupiedAddresses(address)).toEqual(expected);
  });
});
