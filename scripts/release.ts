/**
 * Writes a release to a directory, `dist/release/` by default: a tarball of the executable and the licences, the bill
 * of materials (CycloneDX) and the SHA-256 of both. With `--arch arm64` it adds those of `dist/arm64/`.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Package } from './contents.ts';
import { dist, root, version } from './server-bundle.ts';
import { arch, args, output } from './target.ts';

const [release = join(dist, 'release')] = args;
const name = `clock-${version}-linux-${arch}`;

mkdirSync(join(release, name), { recursive: true });
writeFileSync(join(release, `${name}.cdx.json`), JSON.stringify(billOfMaterials(), null, 2));
packTarball();
const files = readdirSync(release)
  .filter((file) => file.startsWith(`clock-${version}-`))
  .toSorted();
writeFileSync(join(release, 'SHA256SUMS'), files.map((file) => `${sha256(file)}  ${file}\n`).join(''));
process.stdout.write(readFileSync(join(release, 'SHA256SUMS')));

function packTarball(): void {
  for (const file of [join(output, 'clock'), join(output, 'THIRD-PARTY-LICENSES'), join(root, 'LICENSE')]) {
    copyFileSync(file, join(release, name, file.slice(file.lastIndexOf('/') + 1)));
  }
  // Without owner and time of the build, so that the same files give the same tarball.
  const anonymous = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
  const tar = ['--create', '--use-compress-program=xz -T2', `--file=${name}.tar.xz`, ...anonymous, name];
  execFileSync('tar', tar, { cwd: release });
  rmSync(join(release, name), { recursive: true });
}

interface Bom {
  metadata: { component: { 'bom-ref': string; name: string } };
  components: { 'bom-ref': string }[];
  dependencies: { ref: string; dependsOn: string[] }[];
}

/** npm's list, reduced to the packages in the executable. `--omit=dev` would also drop those that development needs. */
function billOfMaterials(): Bom {
  const packages: Package[] = JSON.parse(readFileSync(join(output, 'packages.json'), 'utf8'));
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 } as const;
  const all: Bom = JSON.parse(
    // The packages in the lock file, since npm installs Node for this architecture only.
    execFileSync('npm', ['sbom', '--package-lock-only', '--sbom-format=cyclonedx', '--sbom-type=application'], options),
  );
  const own = all.metadata.component;
  const inside = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const components = all.components.filter((component) => inside.has(component['bom-ref']));
  const listed = new Set(components.map((component) => component['bom-ref']));
  const missing = [...inside].filter((ref) => !listed.has(ref));
  if (missing.length > 0) throw new Error(`npm sbom does not list ${missing.join(', ')}`);
  const dependencies = all.dependencies
    .filter(({ ref }) => ref === own['bom-ref'] || inside.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => inside.has(other)) }));
  // npm names the component after its directory.
  return { ...all, metadata: { ...all.metadata, component: { ...own, name: 'clock' } }, components, dependencies };
}

function sha256(file: string): string {
  return createHash('sha256')
    .update(readFileSync(join(release, file)))
    .digest('hex');
}
