import { readStaticFile } from '../executable.ts';
import { UserError } from '../lifecycle.ts';
import { HttpError, type Request, type Response } from './http.ts';
import type { Routes } from './router.ts';

/** A file of `dist/static/`, as the build describes it in its `assets.json`. */
interface AssetEntry {
  /** Where it is served: under /static/ with its hash in the name, or at the root without one. */
  url: string;
  file: string;
  type: string;
  etag: string;
  /** Encodings in which it is there beside the plain one, best first. */
  encodings: ('br' | 'gzip')[];
}

/** The files that pages refer to, by the name of their source. */
export type AssetUrls = Readonly<Record<'css' | 'js' | 'icon', string>>;

const suffix = { br: '.br', gzip: '.gz' } as const;

/** The static files, read once and kept: a few dozen kB. */
export class Assets {
  readonly urls: AssetUrls;
  readonly routes: Routes;

  /** `folder`: where the build put them. Throws a `Failure` when it did not. */
  constructor(folder: string) {
    const entries = readEntries(folder);
    this.urls = {
      css: urlOf(entries, 'clock.css'),
      js: urlOf(entries, 'main.js'),
      icon: urlOf(entries, 'favicon.svg'),
    };
    this.routes = Object.fromEntries(
      Object.values(entries).map((entry) => [entry.url, { GET: serveFrom(folder, entry) }]),
    );
  }
}

function readEntries(folder: string): Record<string, AssetEntry> {
  try {
    return JSON.parse(Buffer.from(readStaticFile(folder, 'assets.json')).toString('utf8'));
  } catch {
    throw new UserError(`the static files are not in ${folder}: run 'npm run build'`);
  }
}

function urlOf(entries: Record<string, AssetEntry>, source: string): string {
  const entry = entries[source];
  if (entry === undefined) throw new UserError(`the static file ${source} is missing: run 'npm run build'`);
  return entry.url;
}

function serveFrom(folder: string, entry: AssetEntry): (request: Request) => Response {
  const bodies = new Map<string, Uint8Array>([['identity', readStaticFile(folder, entry.file)]]);
  for (const encoding of entry.encodings) {
    bodies.set(encoding, readStaticFile(folder, entry.file + suffix[encoding]));
  }
  const cacheControl = entry.url.startsWith('/static/') ? 'public, max-age=31536000, immutable' : 'no-cache';

  return (request) => {
    const encoding =
      entry.encodings.find((name) => accepts(request.headers.get('accept-encoding'), name)) ?? 'identity';
    const body = bodies.get(encoding);
    if (body === undefined) throw new HttpError(404, 'There is nothing at this address.');
    // One tag for each encoding: they are different bytes (RFC 9110, 8.8.3).
    const etag = `"${entry.etag}${encoding === 'identity' ? '' : `-${encoding}`}"`;
    const headers: [string, string][] = [
      ['ETag', etag],
      ['Cache-Control', cacheControl],
      ['Vary', 'Accept-Encoding'],
    ];
    const known = request.headers
      .get('if-none-match')
      ?.split(',')
      .map((tag) => tag.trim().replace(/^W\//, ''));
    if (known?.includes(etag) || known?.includes('*')) return { status: 304, headers };
    headers.push(['Content-Type', entry.type]);
    if (encoding !== 'identity') headers.push(['Content-Encoding', encoding]);
    return { status: 200, headers, body };
  };
}

function accepts(header: string | undefined, encoding: string): boolean {
  return (header ?? '').split(',').some((item) => {
    const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
    return name === encoding && !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
  });
}
