import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import { parseAddressRange } from '../../src/addresses.ts';
import { RawConnection, requestText } from '../support/raw-connection.ts';
import { WebApp } from '../support/web-app.ts';

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));

async function statusOf(port: number, host: string): Promise<number> {
  using connection = await RawConnection.open(port, host);
  connection.send(requestText('GET /health', ['Host: clock']));
  return (await connection.answer()).status;
}

describe('the web server', () => {
  test('listens on IPv4 with the host ::', async () => {
    await using app = await WebApp.start({ host: '::' });
    expect(await statusOf(app.port, '127.0.0.1')).toBe(200);
  });

  test.runIf(hasIpv6)('listens on IPv6, too, with the host ::', async () => {
    await using app = await WebApp.start({ host: '::' });
    expect(await statusOf(app.port, '::1')).toBe(200);
  });

  test('identifies an IPv4 client of a dual-stack socket by its IPv4 address', async () => {
    await using app = await WebApp.start({ host: '::', config: { trustedProxy: [parseAddressRange('127.0.0.1')] } });
    using connection = await RawConnection.open(app.port);
    connection.send(requestText('GET /accounts/login/', ['Host: clock', 'X-Forwarded-Proto: https']));
    expect((await connection.answer()).headers.get('strict-transport-security')).toBe('max-age=31536000');
  });

  test('refuses to start on a port in use, and names it', async () => {
    await using app = await WebApp.start();
    const second = WebApp.start({ config: { port: app.port } });
    await expect(second).rejects.toThrow(`--port: cannot listen on 127.0.0.1:${app.port}: the port is in use`);
  });

  test('refuses to start on an address of another host', async () => {
    await expect(WebApp.start({ host: '192.0.2.1' })).rejects.toThrow(
      '--host: cannot listen on 192.0.2.1:0: this host does not have the address; choose an address of this host',
    );
  });
});
