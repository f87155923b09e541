import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { formatAuthority } from '../../src/addresses.ts';
import { InternalServer } from '../../src/probes/internal-server.ts';
import { recordedLog } from '../support/recorded-log.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

/** An internal server on a free port, unless another is given. */
function serverOn(host: string, port = 0) {
  const { log, lines } = recordedLog();
  const metrics = { contentType: 'text/plain', text: async () => 'clock_up 1' };
  const server = new InternalServer({ host, port, metrics, unready: () => null, log });
  return { server, port: () => Number(lines.find(({ msg }) => msg === 'internal server listening')?.['port']) };
}

/** The status of /health on an address; null if the connection is refused. */
async function health(address: string, port: number): Promise<number | null> {
  return fetch(`http://${address}:${port}/health`).then(
    ({ status }) => status,
    () => null,
  );
}

describe('the internal server', () => {
  test.each([
    { host: '::', expected: [200, hasIpv6 ? 200 : null] },
    { host: '0.0.0.0', expected: [200, null] },
    { host: '127.0.0.1', expected: [200, null] },
  ])('with --internal-host $host is available on 127.0.0.1 and [::1] as $expected', async ({ host, expected }) => {
    const { server, port } = serverOn(host);
    await server.start();
    expect([await health('127.0.0.1', port()), await health('[::1]', port())]).toEqual(expected);
    await server.stop();
    expect(await health('127.0.0.1', port())).toBeNull();
  });

  test.runIf(hasIpv6)('with --internal-host ::1 is available on that address alone', async () => {
    const { server, port } = serverOn('::1');
    await server.start();
    expect([await health('127.0.0.1', port()), await health('[::1]', port())]).toEqual([null, 200]);
    await server.stop();
  });

  test.each([
    ['192.0.2.1', 'this host does not have the address'],
    ['no-such-host.invalid', 'the name '],
  ])('refuses an address that this host does not have: %s', async (host, reason) => {
    const { server } = serverOn(host);
    await expect(server.start()).rejects.toThrow(`--internal-host: cannot listen on ${host}:0: ${reason}`);
  });

  test.each(['::', '127.0.0.1'])('refuses a port that is in use on %s', async (host) => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, host, resolve));
    const { port } = other.address() as AddressInfo;
    const { server } = serverOn(host, port);
    await expect(server.start()).rejects.toThrow(
      `--internal-port: cannot listen on ${formatAuthority(host, port)}: the port is in use; choose another`,
    );
    await new Promise((resolve) => other.close(resolve));
  });
});
