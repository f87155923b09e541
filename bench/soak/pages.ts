import type { Browser, Page } from 'playwright-core';
import { launchBrowser, signIn } from '../../test/support/browser.ts';
import { until } from '../../test/support/until.ts';

/** What a page found out about itself. */
interface PageRecord {
  /** How often it was checked, and how often it was live. */
  checks: number;
  live: number;
  falsehoods: string[];
}

// A text, because the benches are compiled without the browser's types. A check that the page itself delays counts for
// nothing, since the timer that makes the page stale is delayed as well.
const recorder = `
  globalThis.soak = { checks: 0, live: 0, falsehoods: [] };
  let newestTickAt = -Infinity;
  const receive = (at) => { if (at > newestTickAt) newestTickAt = at; };
  globalThis.WebSocket = class extends WebSocket {
    constructor(address) {
      super(address);
      this.addEventListener('message', ({ data }) => {
        const { channel, message } = JSON.parse(data);
        if (channel === 'time') receive(message.at);
      });
    }
  };
  const { fetch } = globalThis;
  globalThis.fetch = async (...request) => {
    const response = await fetch(...request);
    if (response.ok && String(request[0]).includes('/api/initial_state')) receive((await response.clone().json()).at);
    return response;
  };
  const [everyMs, slackMs] = [100, 150];
  let checkedAt = performance.now();
  setInterval(() => {
    const lateMs = performance.now() - checkedAt - everyMs;
    checkedAt = performance.now();
    if (lateMs > 50) return;
    soak.checks += 1;
    if (document.documentElement?.dataset.state !== 'live') return;
    soak.live += 1;
    const now = Date.now();
    const ageMs = now - newestTickAt;
    if (ageMs > 2000 + slackMs) soak.falsehoods.push('live with a tick that is ' + ageMs + ' ms old');
    const text = document.querySelector('#display')?.textContent ?? '';
    const shown = Date.parse('1970-01-01T' + text + 'Z');
    const lateSecondMs = (now - shown) % 86400000;
    const isRight = lateSecondMs > 86400000 - slackMs || lateSecondMs < 1000 + slackMs;
    if (!isRight) soak.falsehoods.push('live with ' + text + ' at ' + new Date(now).toISOString());
  }, everyMs);
`;

/** Pages in Chromium that check what they show. */
export class Pages {
  readonly #browser: Browser;
  readonly #pages: readonly Page[];

  private constructor(browser: Browser, pages: readonly Page[]) {
    this.#browser = browser;
    this.#pages = pages;
  }

  /** Opens `count` pages, one after the other at the next address, and resolves when all are live. */
  static async open(urls: readonly string[], count: number, name: string, password: string): Promise<Pages> {
    const browser = await launchBrowser();
    const pages: Page[] = [];
    for (let n = 0; n < count; n++) {
      const page = await (await browser.newContext({ timezoneId: 'UTC' })).newPage();
      await page.addInitScript(recorder);
      await signIn(page, `${urls[n % urls.length]}/`, password, name);
      pages.push(page);
    }
    const all = new Pages(browser, pages);
    await all.allLive();
    return all;
  }

  async allLive(): Promise<void> {
    for (const page of this.#pages) {
      const stateOf = (): Promise<unknown> => page.evaluate('document.documentElement.dataset.state');
      await until(async () => (await stateOf()) === 'live', 'the page is live', 60_000, 100);
    }
  }

  /** What all pages found out, each since it was last loaded. */
  async records(): Promise<PageRecord[]> {
    return Promise.all(this.#pages.map((page) => page.evaluate<PageRecord>('soak')));
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
