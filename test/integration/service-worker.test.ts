import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ServiceWorker, type WorkerWorld } from '../support/service-worker.ts';

const assets = JSON.parse(readFileSync(join(import.meta.dirname, '../../dist/static/assets.json'), 'utf8')) as Record<
  string,
  { url: string }
>;
const script = assets['main.js']?.url ?? '';
const denied = async (): Promise<never> => {
  throw new DOMException('denied', 'SecurityError');
};

const framing = 'https://dashboard.example';

function addressOf(request: { url: string } | string): string {
  return typeof request === 'string' ? `https://clock.example${request}` : request.url;
}

/** A browser that delivers a script and pages, and stores nothing yet. */
function world(more: Partial<WorkerWorld> = {}) {
  const stored = new Map<string, Response>();
  const fetched: string[] = [];
  const caches: WorkerWorld['caches'] = {
    open: async () => ({
      addAll: async (urls: string[]) => {
        for (const url of urls) stored.set(`https://clock.example${url}`, new Response(url));
      },
      put: async (request: { url: string } | string, response: Response) => stored.set(addressOf(request), response),
      match: async (request: { url: string } | string) => stored.get(addressOf(request))?.clone(),
    }),
    match: async ({ url }) => stored.get(url)?.clone(),
    keys: async () => [],
    delete: async () => true,
  };
  const fetch = async (request: { url: string } | string): Promise<Response> => {
    const address = addressOf(request);
    fetched.push(address);
    const headers = { 'Content-Security-Policy': `default-src 'none'; frame-ancestors ${framing}; img-src 'self'` };
    return new Response(`of the server: ${address}`, { headers });
  };
  return { stored, fetched, all: { fetch, caches, navigationPreload: null, ...more } satisfies WorkerWorld };
}

/** What the worker answers, as text, and its status. */
async function answerOf(answer: Promise<Response> | null): Promise<[number, string]> {
  const response = await answer;
  if (response === null) throw new Error('the worker did not respond');
  return [response.status, await response.text()];
}

async function policyOf(worker: ServiceWorker, path: string): Promise<string> {
  return (await worker.request(path, 'navigate'))?.headers.get('content-security-policy') ?? '';
}

describe('the service worker, asked for a page', () => {
  test('passes on what the server answers, also a refusal', async () => {
    const { all } = world();
    const worker = new ServiceWorker(all);
    expect(await answerOf(worker.request('/', 'navigate'))).toEqual([200, 'of the server: https://clock.example/']);
    expect(worker.timers.size).toBe(0);
    const refusing = new ServiceWorker({ ...all, fetch: async () => new Response('no', { status: 404 }) });
    expect(await answerOf(refusing.request('/', 'navigate'))).toEqual([404, 'no']);
  });

  test.each<[what: string, fetch: WorkerWorld['fetch']]>([
    ['the connection is refused', () => Promise.reject(new TypeError('NetworkError'))],
    ['the server answers with 503', async () => new Response('', { status: 503 })],
  ])('shows the stored page if %s', async (_, fetch) => {
    const worker = new ServiceWorker(world({ fetch }).all);
    const [status, page] = await answerOf(worker.request('/', 'navigate'));
    expect(status).toBe(200);
    expect(page).toMatch(/^<!doctype html><html lang="en" data-state="connecting" data-build="\S+" data-page="screen"/);
    expect(page).toContain(`<script type="module" src="${script}">`);
  });

  test('shows the stored page after 4 s without an answer', async () => {
    const worker = new ServiceWorker(world({ fetch: () => new Promise<never>(() => {}) }).all);
    let page = '';
    const answered = answerOf(worker.request('/', 'navigate')).then(([, text]) => (page = text));
    await worker.clock.pass(3_999);
    expect(page).toBe('');
    await worker.clock.pass(1);
    await answered;
    expect(page).toContain('data-page="screen"');
    expect(worker.timers.size).toBe(0);
  });

  test('gives the stored page the policy of its host, and lets nobody frame it by default', async () => {
    const worker = new ServiceWorker(world({ fetch: denied }).all);
    for (const path of ['/', '/embed', '/screen']) {
      expect(await policyOf(worker, path)).toMatch(/frame-ancestors 'none';.* wss:\/\/clock\.example;/);
    }
  });

  test('lets those frame the stored /embed that the server named last, also for another build', async () => {
    const { all, fetched } = world();
    const worker = new ServiceWorker(all);
    await worker.run('install');
    expect(fetched).toEqual(['https://clock.example/embed']);
    const later = new ServiceWorker({ ...all, fetch: denied });
    await later.run('install');
    expect(await policyOf(later, '/embed')).toContain(`frame-ancestors ${framing};`);
    expect(await policyOf(later, '/')).toContain("frame-ancestors 'none';");
    const headers = { 'Content-Security-Policy': "frame-ancestors 'none'" };
    await new ServiceWorker({ ...all, fetch: async () => new Response('', { headers }) }).request('/embed', 'navigate');
    expect(await policyOf(later, '/embed')).toContain("frame-ancestors 'none';");
  });

  test('leaves all other pages to the browser', () => {
    const worker = new ServiceWorker(world().all);
    expect(worker.request('/accounts/login/', 'navigate')).toBeNull();
    expect(worker.request('/api/initial_state')).toBeNull();
  });
});

describe('the service worker, asked for a script', () => {
  test('requests it once, and then takes it from its cache', async () => {
    const { all, fetched } = world();
    const worker = new ServiceWorker(all);
    const first = await answerOf(worker.request(script));
    expect(await answerOf(worker.request(script))).toEqual(first);
    expect(fetched).toEqual([`https://clock.example${script}`]);
  });

  test('stores no failed response', async () => {
    const { all, stored } = world({ fetch: async () => new Response('', { status: 503 }) });
    expect(await answerOf(new ServiceWorker(all).request(script))).toEqual([503, '']);
    expect(stored.size).toBe(0);
  });

  test.each<[what: string, caches: Partial<WorkerWorld['caches']>]>([
    ['denies its caches', { match: denied, open: denied, keys: denied }],
    ['has no storage left', { open: async () => ({ put: denied, addAll: denied }) }],
  ])('passes on what the server delivers if the browser %s', async (_, caches) => {
    const { all } = world();
    const worker = new ServiceWorker({ ...all, caches: { ...all.caches, ...caches } });
    await worker.run('activate');
    for (let times = 0; times < 2; times += 1) {
      expect(await answerOf(worker.request(script))).toEqual([200, `of the server: https://clock.example${script}`]);
    }
  });
});

describe('the service worker, when it is installed and activated', () => {
  test('stores the files that every page needs', async () => {
    const { all, stored } = world();
    await new ServiceWorker(all).run('install');
    expect([...stored.keys()]).toContain(`https://clock.example${script}`);
  });

  test('disables the navigation preload that an earlier build enabled, also if the caches are denied', async () => {
    let disabled = 0;
    const navigationPreload = { disable: async () => void (disabled += 1) };
    const { all } = world({ navigationPreload });
    await new ServiceWorker(all).run('activate');
    await new ServiceWorker({ ...all, caches: { ...all.caches, keys: denied } }).run('activate');
    expect(disabled).toBe(2);
    await new ServiceWorker(world().all).run('activate');
  });

  test('deletes the caches of other builds', async () => {
    const deleted: string[] = [];
    const { all } = world();
    let own = '';
    const caches: WorkerWorld['caches'] = {
      ...all.caches,
      open: (name) => ((own = name), all.caches.open(name)),
      keys: async () => ['clock 0.9.0+old', own],
      delete: async (name) => (deleted.push(name), true),
    };
    const worker = new ServiceWorker({ ...all, caches });
    await worker.run('install');
    await worker.run('activate');
    expect(deleted).toEqual(['clock 0.9.0+old']);
  });
});
