/** Opens pages in Chromium on several web processes, each behind a network of its own. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { Client } from '../test/support/client.ts';
import type { ClockProcess } from '../test/support/clock-process.ts';
import { type Delays, TcpProxy } from '../test/support/tcp-proxy.ts';

const count = 8;

export interface PagesOptions {
  browser: Browser;
  webs: readonly ClockProcess[];
  password: string;
  delays: Delays | null;
  /** Runs in each page before its own scripts. */
  script: string;
}

/** Signed-in pages whose device clocks are wrong by -7 to +7 s. */
export interface OpenPages {
  pages: readonly Page[];
  /** Signed in without delays. */
  client: Client;
  close(): Promise<void>;
}

export async function openPages({ browser, webs, password, delays, script }: PagesOptions): Promise<OpenPages> {
  const client = new Client(webs[0]?.url ?? '');
  await client.signIn('admin', password);
  const session = client.cookies.get('sessionid') ?? '';
  const proxies = await Promise.all(webs.map(({ port }) => TcpProxy.start(port, delays)));
  const contexts: BrowserContext[] = [];
  const pages = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const { port } = proxies[index % proxies.length] ?? { port: 0 };
      const context = await browser.newContext({ serviceWorkers: 'block' });
      contexts.push(context);
      const page = await context.newPage();
      await page.addInitScript(shiftedDate(-7_000 + index * 2_000) + script);
      await context.addCookies([{ name: 'sessionid', value: session, domain: '127.0.0.1', path: '/' }]);
      await page.goto(`http://127.0.0.1:${port}/`);
      return page;
    }),
  );
  const close = async (): Promise<void> => {
    for (const context of contexts) await context.close();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  };
  return { pages, client, close };
}

/** A script that shifts `Date`, but not the monotonic clock. */
function shiftedDate(offMs: number): string {
  return `
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor(...given) { if (given.length === 0) super(RealDate.now() + ${offMs}); else super(...given); }
      static now() { return RealDate.now() + ${offMs}; }
    };
  `;
}
