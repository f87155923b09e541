import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createContext, runInContext } from 'node:vm';
import { VirtualClock } from './virtual-clock.ts';

const staticFolder = join(import.meta.dirname, '../../dist/static');

interface WorkerRequest {
  url: string;
  mode: string;
}

interface WorkerEvent {
  request?: WorkerRequest;
  waitUntil(done: Promise<unknown>): void;
  respondWith(answer: Promise<Response>): void;
}

/** What a test decides about the browser and the network. */
export interface WorkerWorld {
  fetch(request: WorkerRequest | string): Promise<Response>;
  caches: {
    open(name: string): Promise<object>;
    match(request: WorkerRequest): Promise<Response | undefined>;
    keys(): Promise<string[]>;
    delete(name: string): Promise<boolean>;
  };
  /** Null as in a browser without it. */
  navigationPreload: { disable(): Promise<void> } | null;
}

/** The built service worker in a scope of its own. */
export class ServiceWorker {
  readonly clock = new VirtualClock(0);
  /** The timers that are not cleared. */
  readonly timers = new Map<number, () => void>();
  readonly #listeners = new Map<string, (event: WorkerEvent) => void>();

  constructor({ fetch, caches, navigationPreload }: WorkerWorld) {
    let lastTimer = 0;
    const scope = {
      addEventListener: (name: string, listener: (event: WorkerEvent) => void) => this.#listeners.set(name, listener),
      skipWaiting: async () => {},
      location: new URL('https://clock.example/sw.js'),
      registration: navigationPreload === null ? {} : { navigationPreload },
      setTimeout: (run: () => void, delayMs: number) => {
        this.timers.set(++lastTimer, this.clock.schedule(run, delayMs));
        return lastTimer;
      },
      clearTimeout: (timer: number) => {
        this.timers.get(timer)?.();
        this.timers.delete(timer);
      },
      fetch,
      caches,
      Response,
      URL,
    };
    const { file } = JSON.parse(readFileSync(join(staticFolder, 'assets.json'), 'utf8'))['sw.js'] as { file: string };
    const context = createContext({ ...scope, self: scope });
    runInContext(readFileSync(join(staticFolder, file), 'utf8'), context);
  }

  /** Dispatches `install` or `activate`. Resolves when the worker has finished. */
  async run(name: 'install' | 'activate'): Promise<void> {
    let done: Promise<unknown> = Promise.resolve();
    this.#listeners.get(name)?.({ waitUntil: (given) => (done = given), respondWith: () => {} });
    await done;
  }

  /** The response to a request of a page; null if the worker leaves it to the browser. */
  request(path: string, mode = 'no-cors'): Promise<Response> | null {
    let answer: Promise<Response> | null = null;
    const request = { url: `https://clock.example${path}`, mode };
    this.#listeners.get('fetch')?.({ request, waitUntil: () => {}, respondWith: (given) => (answer = given) });
    return answer;
  }
}
