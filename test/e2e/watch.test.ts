import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { selfSignedCertificate } from '../support/certificate.ts';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';

let clock: ClockProcess;
let token: string;

beforeAll(async () => {
  clock = await startClock(['all'], { env: { TZ: 'Europe/Madrid' } });
  const issued = await runClock(['token', 'issue', 'admin', '--name', 'terminal', '--data-dir', clock.dataDir]);
  token = issued.stdout.trim();
});

afterAll(async () => {
  await clock?.stop();
});

const tokenVariable = (): Record<string, string> => ({ CLOCK_TOKEN: token });

describe('clock watch', () => {
  test('prints one right second with --once, in plain text without a terminal', async () => {
    const { exit, stdout } = await runClock(['watch', clock.url, '--once'], { env: tokenVariable() });
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d live ± \d+ ms\n$/);
  });

  test('prints instant, zone, state, reason, offset and error as JSON', async () => {
    const { stdout } = await runClock(['watch', clock.url, '--once', '--json'], { env: tokenVariable() });
    const reading = JSON.parse(stdout);
    expect(reading).toMatchObject({ zone: 'Europe/Madrid', state: 'live', reason: null });
    expect(Math.abs(Date.now() - reading.at)).toBeLessThan(60_000);
    expect(Math.abs(reading.offsetMs)).toBeLessThan(reading.errorMs + 5);
  });

  test('exits 1 if the server refuses its token twice', async () => {
    const { exit, stderr } = await runClock(['watch', clock.url, '--once'], { env: { CLOCK_TOKEN: `${token}x` } });
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^clock: the server refuses this token/);
  });

  test('exits 2 without a token and without an address', async () => {
    const without = await runClock(['watch', clock.url]);
    expect(without.exit).toBe(2);
    expect(without.stderr).toMatch(/^clock: CLOCK_TOKEN: missing; set it, or CLOCK_TOKEN_FILE, to .*\n$/);
    const nowhere = await runClock(['watch', 'the wall'], { env: tokenVariable() });
    expect(nowhere.exit).toBe(2);
    expect(nowhere.stderr).toMatch(/"the wall" must be an address/);
  });

  test('warns about an unknown variable', async () => {
    const { stderr } = await runClock(['watch', clock.url, '--once'], { env: { ...tokenVariable(), CLOCK_TOKN: 'x' } });
    expect(stderr).toBe('clock: CLOCK_TOKN: unknown environment variable; check its spelling\n');
  });

  test('says on standard error and in JSON that a port is closed', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { exit, stdout, stderr } = await runClock(['watch', url, '--once', '--json'], { env: tokenVariable() });
    expect(exit).toBe(1);
    expect(stderr).toContain(`clock: ${url} refuses connections: no server listens on that port\n`);
    expect(stderr).toContain(`clock: no time from ${url} within 10 s: ${url} refuses connections`);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ time: null, reason: 'refused' });
  });

  test('says that a certificate is self-signed', async () => {
    const certificate = await selfSignedCertificate();
    const { cert } = certificate;
    const server = createTlsServer({ cert, key: readFileSync(certificate.keyFile) });
    const url = await addressOf(server, 'https');
    const { stderr } = await runClock(['watch', url, '--once'], { env: tokenVariable() });
    server.close();
    await certificate.remove();
    expect(stderr).toContain(`clock: the certificate of ${url} is not trusted: it is self-signed`);
  });

  test('exits 1 and says so if another program answers with its page', async () => {
    const server = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html').end('<!doctype html>');
    });
    const url = await addressOf(server, 'http');
    const { exit, stderr } = await runClock(['watch', url], { env: tokenVariable() });
    server.close();
    expect(exit).toBe(1);
    expect(stderr).toContain(`clock: ${url} answers with a page or a redirect: it is not a Clock server\n`);
  });
});

async function addressOf(server: Server, scheme: string): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
