/** What a browser gives a service worker, as far as it is used here: its types and a page's exclude each other. */
interface Scope {
  addEventListener(name: 'install' | 'activate', hear: (event: { waitUntil(done: Promise<void>): void }) => void): void;
  addEventListener(name: 'fetch', hear: (event: Asked) => void): void;
  skipWaiting(): Promise<void>;
  readonly registration: { readonly navigationPreload?: { enable(): Promise<void> } };
}

interface Asked {
  readonly request: Request;
  readonly preloadResponse: Promise<Response | undefined>;
  respondWith(answer: Promise<Response>): void;
}

/** The build of this worker, and a clock's page that knows nobody; the bundler puts them in. */
declare const CLOCK_BUILD_NAME: string;
declare const CLOCK_SHELL: string;
declare const self: Scope;

const shelf = `clock ${CLOCK_BUILD_NAME}`;
/** What every page needs; it is in the browser's cache by now and costs nothing. The rest is kept when it is used. */
const core = ['/static/clock.css', '/static/main.js', '/static/favicon.svg'];
const files = new Set([...core, '/static/dress.js', '/static/panel.js']);
/** A server that takes longer is as good as none. */
const answerWithinMs = 4_000;
const policy = ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"]
  .concat(['script', 'style', 'img', 'connect', 'manifest', 'worker'].map((kind) => `${kind}-src 'self'`))
  .join('; ');

self.addEventListener('install', (event) => event.waitUntil(keep()));
self.addEventListener('activate', (event) => event.waitUntil(tidy()));
self.addEventListener('fetch', (event) => {
  const { pathname } = new URL(event.request.url);
  if (event.request.mode === 'navigate' && pathname === '/') event.respondWith(home(event));
  else if (files.has(pathname)) event.respondWith(kept(event.request));
});

async function keep(): Promise<void> {
  await (await caches.open(shelf)).addAll(core);
  await self.skipWaiting();
}

async function tidy(): Promise<void> {
  for (const name of await caches.keys()) if (name !== shelf) await caches.delete(name);
  await self.registration.navigationPreload?.enable();
}

/** The server's page; ours where there is none. */
async function home(event: Asked): Promise<Response> {
  let timer = 0;
  const late = new Promise<never>((_, reject) => (timer = setTimeout(reject, answerWithinMs)));
  try {
    const answer = event.preloadResponse.then((preloaded) => preloaded ?? fetch(event.request));
    const response = await Promise.race([answer, late]);
    return response.status >= 500 ? shell() : response;
  } catch {
    return shell();
  } finally {
    clearTimeout(timer);
  }
}

async function kept(request: Request): Promise<Response> {
  const known = await caches.match(request);
  if (known !== undefined) return known;
  const response = await fetch(request);
  if (response.ok) await (await caches.open(shelf)).put(request, response.clone());
  return response;
}

function shell(): Response {
  const headers = { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy };
  return new Response(CLOCK_SHELL, { headers });
}
