import { readStaticFile } from '../executable.ts';
import { UserError } from '../lifecycle.ts';
import { acceptedEncoding, type ContentEncoding } from './content-encoding.ts';
import type { Request, Response } from './http.ts';
import type { Routes } from './router.ts';

/** A file of `dist/static/`, as the build describes it in `assets.json`. */
interface AssetEntry {
  /** The path it is served at: under /static/ with a hash in the name, or at the root without one. */
  url: string;
  file: string;
  type: string;
  etag: string;
  /** The encodings it also exists in, best first. */
  encodings: ContentEncoding[];
}

const pageFiles = {
  css: 'clock.css',
  js: 'main.js',
  cardCss: 'card.css',
  screenCss: 'screen.css',
  screenJs: 'screen.js',
  screensCss: 'screens.css',
  screensJs: 'screens.js',
  icon: 'favicon.svg',
} as const;

/** The URLs of the files that pages refer to. */
export type AssetUrls = Readonly<Record<keyof typeof pageFiles, string>>;

/** Pages of any origin may import these. */
const forOtherOrigins = new Set(['/clock-client.js', '/clock-client.d.ts']);

const suffix = { br: '.br', gzip: '.gz' } as const;

/** The static files. They are read once and stay in memory: a few dozen kB. */
export class Assets {
  readonly urls: AssetUrls;
  readonly routes: Routes;

  /** `directory` is the build's output. Throws a `UserError` if the files are not in it. */
  constructor(directory: string) {
    const entries = readEntries(directory);
    this.urls = pageUrls((file) => urlOf(entries, file));
    this.routes = Object.fromEntries(
      Object.values(entries).map((entry) => [entry.url, { GET: serveFrom(directory, entry) }]),
    );
  }
}

/** The URL that `urlOf` gives each file that pages refer to. */
export function pageUrls(urlOf: (file: string) => string): AssetUrls {
  const urls = Object.entries(pageFiles).map(([name, file]) => [name, urlOf(file)]);
  return Object.fromEntries(urls) as AssetUrls;
}

function readEntries(directory: string): Record<string, AssetEntry> {
  try {
    return JSON.parse(Buffer.from(readStaticFile(directory, 'assets.json')).toString('utf8'));
  } catch {
    throw new UserError(`the static files are not in ${directory}: run 'npm run build'`);
  }
}

function urlOf(entries: Record<string, AssetEntry>, source: string): string {
  const entry = entries[source];
  if (entry === undefined) throw new UserError(`the static file ${source} is missing: run 'npm run build'`);
  return entry.url;
}

function serveFrom(directory: string, entry: AssetEntry): (request: Request) => Response {
  const plain = readStaticFile(directory, entry.file);
  const encoded = new Map(
    entry.encodings.map((encoding) => [encoding, readStaticFile(directory, entry.file + suffix[encoding])]),
  );
  const cacheControl = entry.url.startsWith('/static/') ? 'max-age=31536000, immutable' : 'no-cache';

  return (request) => {
    const encoding = acceptedEncoding(request.headers.get('accept-encoding'), entry.encodings);
    // Each encoding has its own tag, since its bytes differ (RFC 9110, section 8.8.3).
    const etag = `"${entry.etag}${encoding === null ? '' : `-${encoding}`}"`;
    const headers: [string, string][] = [
      ['ETag', etag],
      ['Cache-Control', cacheControl],
      ['Vary', 'Accept-Encoding'],
      ...(forOtherOrigins.has(entry.url) ? [['Access-Control-Allow-Origin', '*'] as [string, string]] : []),
    ];
    if (matchesTag(request.headers.get('if-none-match'), etag)) return { status: 304, headers };
    headers.push(['Content-Type', entry.type]);
    if (encoding === null) return { status: 200, headers, body: plain };
    headers.push(['Content-Encoding', encoding]);
    return { status: 200, headers, body: encoded.get(encoding) ?? plain };
  };
}

function matchesTag(ifNoneMatch: string | undefined, etag: string): boolean {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return tags.includes(etag) || tags.includes('*');
}
