/** Builds `dist/`: the server bundle, the scripts of the page, and the static files, hashed and compressed. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build, transform } from 'esbuild';
import { lookup } from 'mrmime';
import { minify } from 'terser';
import { pageUrls } from '../src/web/assets.ts';
import { contentSecurityPolicy } from '../src/web/content-policy.ts';
import { clockPage } from '../src/web/pages/clock-page.ts';
import { screenPage } from '../src/web/pages/screen-page.ts';
import { privateNames, privatePrefix } from './private-names.ts';
import { shortNames, type ShortNames } from './short-names.ts';
import { commit, dist, root, serverBundle, version } from './server-bundle.ts';

const staticDist = join(dist, 'static');
/** Browsers request these at the root, under these names. */
const atRoot = new Set(['favicon.ico', 'manifest.webmanifest', 'sw.js', 'clock-client.js', 'clock-client.d.ts']);
const compressible = new Set(['.css', '.js', '.ts', '.svg', '.webmanifest', '.html', '.txt']);

rmSync(staticDist, { recursive: true, force: true });
mkdirSync(staticDist, { recursive: true });
await bundleServer();
const lazyScripts = ['theme', 'panel', 'show/main', 'screen-name', 'words', 'key-transport'];
const clockNames = shortNames(readFileSync(join(root, 'src/protocol.ts'), 'utf8'));
const scripts = {
  // The newest version that Chromium 64 and Safari 12 support.
  ...(await bundleScripts(['main'], 'es2018', clockNames)),
  ...(await bundleScripts(lazyScripts, 'es2018', clockNames)),
  ...(await bundleScripts(['screen', 'sw', 'screens/main'], 'es2018')),
  ...(await bundleScripts(['clock-client/main'], 'es2020')),
};
const types = { 'clock-client.d.ts': readFileSync(join(root, 'src/client/clock-client/api.ts')) };
writeAssets({ ...(await readSources(join(root, 'static'))), ...scripts, ...types });

async function bundleServer(): Promise<void> {
  await build({
    ...serverBundle(),
    outfile: join(dist, 'clock.js'),
    format: 'esm',
    packages: 'external',
    sourcemap: 'linked',
  });
}

/** Bundles scripts of `src/client`. Those that use each other's objects need the same `shortened` names. */
async function bundleScripts(
  names: readonly string[],
  target: string,
  shortened?: ShortNames,
): Promise<Record<string, Buffer>> {
  const name = `${version}+${commit}`;
  const assets = pageUrls((file) => `/static/${file}`);
  const shells = {
    '/': clockPage({ assets, kind: 'screen', account: null, build: name }),
    '/embed': clockPage({ assets, kind: 'embed', account: null, build: name }),
    '/screen': screenPage({ assets, csrfToken: null }),
  };
  const minified = Object.entries(shells).map(([path, shell]) => [path, withoutIndentation(String(shell))]);
  const result = await build({
    entryPoints: names.map((entry) => ({ in: join(root, `src/client/${entry}.ts`), out: entry.replace('/main', '') })),
    outdir: staticDist,
    bundle: true,
    minify: true,
    platform: 'browser',
    target,
    plugins: [privateNames],
    mangleProps: privatePrefix,
    format: 'esm',
    write: false,
    define: {
      globalThis: 'self',
      CLOCK_BUILD_NAME: JSON.stringify(name),
      CLOCK_SHELLS: JSON.stringify(Object.fromEntries(minified)),
      CLOCK_SHELL_POLICY: JSON.stringify(contentSecurityPolicy({ host: 'CLOCK_HOST' })),
    },
    tsconfig: join(root, 'src/client/tsconfig.json'),
  });
  const scripts: Record<string, Buffer> = {};
  for (const { path, text } of result.outputFiles) scripts[basename(path)] = await minifyScript(text, shortened);
  return scripts;
}

/** Terser saves 7 % of what esbuild minified, as compressed. */
async function minifyScript(script: string, shortened?: ShortNames): Promise<Buffer> {
  const { code } = await minify(script, {
    module: true,
    ecma: 2018,
    compress: { passes: 2, unsafe_arrows: true, unsafe_methods: true },
    ...shortened?.options(),
  });
  return Buffer.from(code ?? script);
}

/** A line break within a tag separates attributes. */
function withoutIndentation(markup: string): string {
  return markup.replaceAll(/>\n\s*</g, '><').replaceAll(/\n\s*/g, ' ');
}

async function readSources(directory: string): Promise<Record<string, Buffer>> {
  const sources: Record<string, Buffer> = {};
  for (const name of readdirSync(directory)) {
    const source = readFileSync(join(directory, name));
    sources[name] = extname(name) === '.css' ? await minifyCss(source) : source;
  }
  return sources;
}

async function minifyCss(css: Buffer): Promise<Buffer> {
  const { code } = await transform(String(css), { loader: 'css', minify: true, target: ['chrome64', 'safari12'] });
  return Buffer.from(code);
}

/**
 * Writes the files under names with a hash of their content. A reference to another file gets the hash as well, so a
 * file is written after those that it refers to.
 */
function writeAssets(sources: Record<string, Buffer>): void {
  const entries: Record<string, object> = {};
  const urls = new Map<string, string>();
  const lazyFiles = lazyScripts.map((name) => `${name.replace('/main', '')}.js`);
  const order = ['clock.css', 'manifest.webmanifest', ...lazyFiles, 'main.js', 'screen.js', 'sw.js'];
  const rank = (name: string): number => order.indexOf(name);
  for (const name of Object.keys(sources).toSorted((a, b) => rank(a) - rank(b))) {
    const body = withHashedUrls(sources[name] ?? Buffer.alloc(0), name, urls);
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 10);
    const extension = extname(name);
    const file = `${name.slice(0, -extension.length)}.${hash}${extension}`;
    const url = atRoot.has(name) ? `/${name}` : `/static/${file}`;
    urls.set(name, url);
    writeFileSync(join(staticDist, file), body);
    const encodings = compressible.has(extension) ? writeCompressed(file, body) : [];
    const type = typeOf(extension);
    const isText = type.startsWith('text/') || type === 'application/manifest+json' || type === 'image/svg+xml';
    entries[name] = { url, file, type: isText ? `${type}; charset=utf-8` : type, etag: hash, encodings };
  }
  writeFileSync(join(staticDist, 'assets.json'), JSON.stringify(entries, null, 2));
}

function typeOf(extension: string): string {
  if (extension === '.ico') return 'image/x-icon';
  // The registered type of .ts is that of a video.
  if (extension === '.ts') return 'text/plain';
  return lookup(extension) ?? 'application/octet-stream';
}

function withHashedUrls(body: Buffer, name: string, urls: ReadonlyMap<string, string>): Buffer {
  if (!/\.(css|js|webmanifest)$/.test(name)) return body;
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
