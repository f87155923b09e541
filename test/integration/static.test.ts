import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodedAnswer } from '../support/encoded-answer.ts';
import { ask, requestText, type RawAnswer } from '../support/raw-connection.ts';
import { WebApp } from '../support/web-app.ts';

let app: WebApp;
let script = '';
beforeAll(async () => {
  app = await WebApp.start();
  script = (await linked())['js'] ?? '';
});
afterAll(() => app[Symbol.asyncDispose]());

/** The static files that the clock's page refers to, by extension. */
async function linked(): Promise<Record<string, string>> {
  const page = await (await (await app.signedIn()).fetch('/')).text();
  const urls = [...page.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(([, url = '']) => url);
  return Object.fromEntries(urls.map((url) => [url.slice(url.lastIndexOf('.') + 1), url]));
}

/** Without the Accept-Encoding that `fetch` would add. */
function get(path: string, lines: readonly string[] = [], method = 'GET'): Promise<RawAnswer> {
  return ask(app.port, requestText(`${method} ${path}`, ['Host: clock', ...lines]));
}

describe('static files', () => {
  test('of the page have a hash in their names and are cached for a year', async () => {
    const urls = Object.values(await linked());
    expect(urls.length).toBeGreaterThanOrEqual(3);
    for (const url of urls) {
      expect(url).toMatch(/\.[0-9a-f]{10}\.\w+$/);
      const response = await app.client().fetch(url);
      expect(response.status).toBe(200);
      expect(response.headers.get('cache-control')).toBe('max-age=31536000, immutable');
      expect(response.headers.get('content-security-policy')).toBe(
        "default-src 'none';base-uri 'none';frame-ancestors 'none'",
      );
    }
  });

  test.each([
    ['/favicon.ico', 'image/x-icon'],
    ['/manifest.webmanifest', 'application/manifest+json; charset=utf-8'],
  ])('at the root have no hash and are revalidated: %s', async (url, type) => {
    const response = await app.client().fetch(url);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('cache-control')).toBe('no-cache');
    expect(response.headers.get('etag')).toMatch(/^"[^"]+"$/);
  });

  test('of the manifest exist', async () => {
    const { icons } = (await (await app.client().fetch('/manifest.webmanifest')).json()) as {
      icons: { src: string }[];
    };
    for (const { src } of icons) expect((await app.client().fetch(src)).status).toBe(200);
  });

  test.each([
    ['br, gzip, deflate', 'br'],
    ['gzip, deflate', 'gzip'],
    ['gzip;q=0.5, br;q=0', 'gzip'],
    ['deflate', undefined],
    ['identity', undefined],
    ['', undefined],
  ])('for Accept-Encoding %j are encoded as %s, with the same content', async (accepted, encoding) => {
    const plain = await (await app.client().fetch(script)).text();
    const answer = await encodedAnswer(app.url + script, accepted);
    expect(answer.headers.get('content-encoding')).toBe(encoding);
    expect(answer.headers.get('vary')).toBe('Accept-Encoding');
    expect(answer.text).toBe(plain);
  });

  test('have a different ETag in each encoding', async () => {
    const tags = await Promise.all(
      ['br', 'gzip', 'identity'].map(async (accepted) =>
        (await encodedAnswer(app.url + script, accepted)).headers.get('etag'),
      ),
    );
    expect(new Set(tags).size).toBe(3);
  });

  test.each(['%s', 'W/%s', '"other", %s', '*'])('that match If-None-Match %s are 304', async (pattern) => {
    const etag = (await get(script)).headers.get('etag') ?? '';
    const answer = await get(script, [`If-None-Match: ${pattern.replace('%s', etag)}`]);
    expect(answer).toMatchObject({ status: 304, body: '' });
    expect(answer.headers.get('etag')).toBe(etag);
    expect(answer.headers.get('cache-control')).toBe('max-age=31536000, immutable');
    expect(Number(answer.headers.get('content-length') ?? 0)).toBeLessThan(1_000_000);
  });

  test('that do not match If-None-Match are sent', async () => {
    expect((await get(script, ['If-None-Match: "other"'])).status).toBe(200);
  });

  test('are answered to HEAD with their length and no body', async () => {
    const answer = await get(script, [], 'HEAD');
    const whole = await get(script);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe(whole.headers.get('content-length'));
  });

  test.each(['/static/', '/static/main.js', '/static/assets.json', '/static/../clock.js', '/assets.json'])(
    'do not include %s, which is 404',
    async (path) => {
      expect((await get(path)).status).toBe(404);
    },
  );
});
