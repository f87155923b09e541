/** What this file uses of a service worker's global scope. Its types and those of a page exclude each other. */
interface WorkerScope {
  addEventListener(
    name: 'install' | 'activate',
    listener: (event: { waitUntil(done: Promise<void>): void }) => void,
  ): void;
  addEventListener(name: 'fetch', listener: (event: FetchEvent) => void): void;
  skipWaiting(): Promise<void>;
  readonly location: Location;
  readonly registration: { readonly navigationPreload?: { disable(): Promise<void> } };
}

interface FetchEvent {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

/** The bundler defines these: the build, pages by path, and their policy for the host `CLOCK_HOST`. */
declare const CLOCK_BUILD_NAME: string;
declare const CLOCK_SHELLS: Record<string, string>;
declare const CLOCK_SHELL_POLICY: string;
declare const self: WorkerScope;

const cacheName = `clock ${CLOCK_BUILD_NAME}`;
/** Contains the origins that may frame `/embed`, as the server last reported them. It survives a new build. */
const framingCacheName = 'clock framing';
const framingDirective = /frame-ancestors [^;]*/;
/** Every page needs these, and they are in the browser's own cache by now. The others are cached when they are used. */
const coreFiles = ['/static/clock.css', '/static/main.js', '/static/favicon.svg'];
const themeFiles = ['/static/theme.js', '/static/theme.css'];
const panelFiles = ['/static/panel.js', '/static/panel.css'];
const screenFiles = ['/static/screen.js', '/static/screen.css', '/static/card.css', '/static/key-transport.js'];
const nameFiles = ['/static/screen-name.js', '/static/screen-name.css'];
const files = new Set([...coreFiles, ...themeFiles, ...panelFiles, ...screenFiles, ...nameFiles, '/static/words.js']);
/** After this long without an answer the shell is shown. */
const answerTimeoutMs = 4_000;

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  const shell = CLOCK_SHELLS[pathname];
  if (event.request.mode === 'navigate' && shell !== undefined) event.respondWith(pageOrShell(event.request, pathname));
  else if (files.has(pathname)) event.respondWith(cacheFirst(event.request));
});

async function install(): Promise<void> {
  await (await caches.open(cacheName)).addAll(coreFiles);
  await requestFraming().catch(() => {});
  await self.skipWaiting();
}

/** The page that registers this worker was loaded without it, so its policy is unknown. */
async function requestFraming(): Promise<void> {
  if ((await storedFraming()) === null) await storeFraming(await fetch('/embed', { method: 'HEAD' }));
}

async function storeFraming({ headers }: Response): Promise<void> {
  const [framing] = framingDirective.exec(headers.get('Content-Security-Policy') ?? '') ?? [];
  if (framing !== undefined) await (await caches.open(framingCacheName)).put('/embed', new Response(framing));
}

async function storedFraming(): Promise<string | null> {
  const stored = await (await caches.open(framingCacheName)).match('/embed');
  return (await stored?.text()) ?? null;
}

async function activate(): Promise<void> {
  // A browser that denies storage has no old caches.
  await deleteOldCaches().catch(() => {});
  // Earlier builds enabled it. Firefox resolves a failed preload with an error response, and Chromium before 73 sends
  // it without SameSite cookies.
  await self.registration.navigationPreload?.disable();
}

async function deleteOldCaches(): Promise<void> {
  for (const name of await caches.keys()) {
    if (name !== cacheName && name !== framingCacheName) await caches.delete(name);
  }
}

/** The server's page; the shell if the server fails or does not answer in time. */
async function pageOrShell(request: Request, path: string): Promise<Response> {
  let timer = 0;
  const timeout = new Promise<never>((_, reject) => (timer = setTimeout(reject, answerTimeoutMs)));
  try {
    const response = await Promise.race([fetch(request), timeout]);
    if (response.status >= 500) return await shell(path);
    if (path === '/embed') await storeFraming(response).catch(() => {});
    return response;
  } catch {
    return await shell(path);
  } finally {
    clearTimeout(timer);
  }
}

async function cacheFirst(request: Request): Promise<Response> {
  // A browser may deny storage, or have none left: the page works without a cache.
  const cached = await caches.match(request).catch(() => undefined);
  if (cached !== undefined) return cached;
  const response = await fetch(request);
  if (response.ok) await store(request, response.clone()).catch(() => {});
  return response;
}

async function store(request: Request, response: Response): Promise<void> {
  await (await caches.open(cacheName)).put(request, response);
}

async function shell(path: string): Promise<Response> {
  const policy = CLOCK_SHELL_POLICY.replace(/CLOCK_HOST/g, self.location.host);
  const framing = path === '/embed' ? await storedFraming().catch(() => null) : null;
  const headers = {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': framing === null ? policy : policy.replace(framingDirective, framing),
  };
  return new Response(CLOCK_SHELLS[path], { headers });
}
