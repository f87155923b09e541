import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { describe, expect, test } from 'vitest';
import { healthProblem } from '../../src/commands/healthcheck.ts';
import { selfSignedCertificate } from '../support/certificate.ts';
import { freePort } from '../support/free-port.ts';

interface Options {
  listenOn?: string;
  hosts?: string[];
  isSecure?: boolean;
}

/** The problem that a probe of the server finds. The port is replaced by PORT. */
async function problemWith(server: Server, options: Options = {}): Promise<string | null> {
  const { listenOn = '127.0.0.1', hosts = [listenOn], isSecure = false } = options;
  server.listen(0, listenOn);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const problem = await healthProblem({ hosts, port, path: '/ready', isSecure });
  server.close();
  return problem?.replaceAll(String(port), 'PORT') ?? null;
}

describe('healthProblem', () => {
  test('is null for a status of 200, over IPv4, IPv6 and TLS with any certificate', async () => {
    const answer = (): ReturnType<typeof createHttpServer> => createHttpServer((_, response) => response.end('ok'));
    expect(await problemWith(answer())).toBeNull();
    expect(await problemWith(answer(), { listenOn: '::1' })).toBeNull();
    const { certFile, keyFile, remove } = await selfSignedCertificate();
    const files = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
    const secure = createHttpsServer(files, (_, response) => response.end('ok'));
    expect(await problemWith(secure, { isSecure: true })).toBeNull();
    await remove();
  });

  test('is null if one of two families answers', async () => {
    const hosts = ['127.0.0.1', '::1'];
    for (const listenOn of hosts) {
      expect(
        await problemWith(
          createHttpServer((_, response) => response.end()),
          { listenOn, hosts },
        ),
      ).toBeNull();
    }
  });

  test('names the status and the reason of another answer, although the other family is refused', async () => {
    const server = createHttpServer((_, response) => {
      response.writeHead(503).end('{"status":"unready","reason":"redis-down"}');
    });
    expect(await problemWith(server, { hosts: ['::1', '127.0.0.1'] })).toBe(
      'http://127.0.0.1:PORT/ready: status 503 (redis-down)',
    );
    const page = createHttpServer((_, response) => response.writeHead(404).end('<p>not here</p>'));
    expect(await problemWith(page)).toBe('http://127.0.0.1:PORT/ready: status 404');
  });

  test('names a closed port', async () => {
    const port = await freePort();
    const probe = { hosts: ['127.0.0.1', '::1'], port, path: '/health', isSecure: false } as const;
    expect(await healthProblem(probe)).toBe(`http://127.0.0.1:${port}/health: connection refused`);
  });

  test('names what does not speak HTTP, closes or stays silent', async () => {
    const odd = createServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await problemWith(odd)).toBe('http://127.0.0.1:PORT/ready: the answer is not HTTP');
    const closing = createServer((socket) => socket.destroy());
    expect(await problemWith(closing)).toMatch(/ready: the connection was closed without an answer$/);
    const silent = createServer((socket) => socket.on('error', () => {}).resume());
    expect(await problemWith(silent)).toBe('http://127.0.0.1:PORT/ready: no answer within 3 s');
  });
});
