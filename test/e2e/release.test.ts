import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { updateDist } from '../support/dist.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};
const name = `clock-${version}-linux-${process.arch}`;

describe('release', () => {
  let release: string;
  let unpacked: string;
  beforeAll(async () => {
    updateDist('package');
    release = mkdtempSync(join(tmpdir(), 'clock-release-'));
    unpacked = mkdtempSync(join(tmpdir(), 'clock-unpacked-'));
    // The fastest setting, since the size of the tarball does not matter here.
    const env = { ...process.env, XZ_OPT: '-0' };
    await run(process.execPath, [join(root, 'scripts/release.ts'), release], { env });
  }, 120_000);
  afterAll(() => {
    for (const directory of [release, unpacked]) rmSync(directory, { recursive: true, force: true });
  });

  test('consists of a tarball, a bill of materials and their checksums', async () => {
    expect(readdirSync(release).toSorted()).toEqual(['SHA256SUMS', `${name}.cdx.json`, `${name}.tar.xz`]);
    const { stdout } = await run('sha256sum', ['--check', 'SHA256SUMS'], { cwd: release });
    expect(stdout).toBe(`${name}.cdx.json: OK\n${name}.tar.xz: OK\n`);
  });

  test('unpacks to a working clock, its licence, and the licences of everything inside', async () => {
    await run('tar', ['--extract', '--file', join(release, `${name}.tar.xz`), '--directory', unpacked]);
    expect(readdirSync(join(unpacked, name)).toSorted()).toEqual(['LICENSE', 'THIRD-PARTY-LICENSES', 'clock']);
    const { stdout } = await run(join(unpacked, name, 'clock'), ['--version'], { env: {} });
    expect(stdout).toContain(`clock ${version} `);
    const licences = readFileSync(join(unpacked, name, 'THIRD-PARTY-LICENSES'), 'utf8');
    for (const inside of ['node-linux-', 'uws-pack', 'ioredis', 'jose', 'commander']) {
      expect(licences).toMatch(new RegExp(`^${inside}.* \\(.+\\)$`, 'm'));
    }
  });

  test('lists in CycloneDX what it contains, without the tools that built it', () => {
    const bom = JSON.parse(readFileSync(join(release, `${name}.cdx.json`), 'utf8'));
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { name: 'clock', version } } });
    const listed = new Set<string>(bom.components.map((component: { name: string }) => component.name));
    // Only the build uses mrmime: it writes the types to assets.json.
    for (const dependency of Object.keys(dependencies).filter((one) => one !== 'mrmime')) {
      expect(listed).toContain(dependency);
    }
    expect(listed).not.toContain('vitest');
    expect(listed).not.toContain('esbuild');
    for (const { ref, dependsOn } of bom.dependencies as { ref: string; dependsOn: string[] }[]) {
      expect([ref, ...dependsOn].filter((one) => one.startsWith('vitest@'))).toEqual([]);
    }
  });
});
