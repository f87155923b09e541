/** Builds `dist/`: the server's bundle, the page's script, and the static files with hashed names, compressed. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { lookup } from 'mrmime';
import { dist, root, serverBundle } from './server-bundle.ts';

const staticDist = join(dist, 'static');
/** Browsers ask for these at the root, by these very names. */
const atRoot = new Set(['favicon.ico', 'manifest.webmanifest', 'sw.js']);
const compressible = new Set(['.css', '.js', '.svg', '.webmanifest', '.html', '.txt']);

rmSync(staticDist, { recursive: true, force: true });
mkdirSync(staticDist, { recursive: true });
await bundleServer();
const page = await bundlePage();
writeAssets({ ...readSources(join(root, 'static')), 'main.js': page });

async function bundleServer(): Promise<void> {
  await build({
    ...serverBundle(),
    outfile: join(dist, 'clock.js'),
    format: 'esm',
    packages: 'external',
    sourcemap: 'linked',
  });
}

async function bundlePage(): Promise<Buffer> {
  const result = await build({
    entryPoints: [join(root, 'src/client/main.ts')],
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    write: false,
    tsconfig: join(root, 'src/client/tsconfig.json'),
  });
  const [file] = result.outputFiles;
  if (file === undefined) throw new Error('esbuild gave no page script');
  return Buffer.from(file.contents);
}

function readSources(folder: string): Record<string, Buffer> {
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))]));
}

/** Other files are named in style sheets and the manifest by their plain names, which get their hash here. */
function writeAssets(sources: Record<string, Buffer>): void {
  const entries: Record<string, object> = {};
  const urls = new Map<string, string>();
  const referring = (name: string): number => (/\.(css|webmanifest)$/.test(name) ? 1 : 0);
  for (const name of Object.keys(sources).toSorted((a, b) => referring(a) - referring(b))) {
    const body = withHashedUrls(sources[name] ?? Buffer.alloc(0), name, urls);
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 10);
    const extension = extname(name);
    const file = `${name.slice(0, -extension.length)}.${hash}${extension}`;
    const url = atRoot.has(name) ? `/${name}` : `/static/${file}`;
    urls.set(name, url);
    writeFileSync(join(staticDist, file), body);
    const encodings = compressible.has(extension) ? writeCompressed(file, body) : [];
    const type = lookup(name) ?? (extension === '.ico' ? 'image/x-icon' : 'application/octet-stream');
    const isText = type.startsWith('text/') || type === 'application/manifest+json' || type === 'image/svg+xml';
    entries[name] = { url, file, type: isText ? `${type}; charset=utf-8` : type, etag: hash, encodings };
  }
  writeFileSync(join(staticDist, 'assets.json'), JSON.stringify(entries, null, 2));
}

function withHashedUrls(body: Buffer, name: string, urls: ReadonlyMap<string, string>): Buffer {
  if (!/\.(css|webmanifest)$/.test(name)) return body;
  let text = body.toString('utf8');
  for (const [source, url] of urls) text = text.replaceAll(`/static/${source}`, url);
  return Buffer.from(text);
}

function writeCompressed(file: string, body: Buffer): string[] {
  const brotli = brotliCompressSync(body, {
    params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY },
  });
  writeFileSync(join(staticDist, `${file}.br`), brotli);
  writeFileSync(join(staticDist, `${file}.gz`), gzipSync(body, { level: 9 }));
  return ['br', 'gzip'];
}
