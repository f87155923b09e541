import type { Browser, Page } from 'playwright-core';
import { launchBrowser, signIn } from '../../test/support/browser.ts';
import { until } from '../../test/support/until.ts';

/** How often a page was checked since it was last loaded, and how often it was live. */
interface PageRecord {
  checks: number;
  live: number;
}

const falsehoodPrefix = 'shown as live: ';

// A text, because the benches are compiled without the browser's types. A check that the page itself delays counts for
// nothing, since the timer that makes the page stale is delayed as well.
const recorder = `
  globalThis.soak = { checks: 0, live: 0 };
  const report = (what) => console.error('${falsehoodPrefix}' + what);
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
    if (ageMs > 2000 + slackMs) report('live with a tick that is ' + ageMs + ' ms old');
    const text = document.querySelector('#display')?.textContent ?? '';
    const shown = Date.parse('1970-01-01T' + text + 'Z');
    const lateSecondMs = (now - shown) % 86400000;
    const isRight = lateSecondMs > 86400000 - slackMs || lateSecondMs < 1000 + slackMs;
    if (!isRight) report('live with ' + text + ' at ' + new Date(now).toISOString());
  }, everyMs);
`;

/** Pages in Chromium that check what they show. */
export class Pages {
  /** What pages showed as live although it was not true. */
  readonly falsehoods: string[] = [];
  readonly #browser: Browser;
  readonly #pages: Page[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Opens `count` pages, one after the other at the next address, and resolves when all are live. */
  static async open(urls: readonly string[], count: number, name: string, password: string): Promise<Pages> {
    const all = new Pages(await launchBrowser());
    for (let n = 0; n < count; n++) await all.#open(`${urls[n % urls.length]}/`, name, password);
    await all.allLive();
    return all;
  }

  async allLive(): Promise<void> {
    for (const page of this.#pages) {
      const stateOf = (): Promise<unknown> => page.evaluate('document.documentElement.dataset.state');
      await until(async () => (await stateOf()) === 'live', 'the page is live', 60_000, 100);
    }
  }

  async records(): Promise<PageRecord[]> {
    return Promise.all(this.#pages.map((page) => page.evaluate<PageRecord>('soak')));
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }

  async #open(url: string, name: string, password: string): Promise<void> {
    const page = await (await this.#browser.newContext({ timezoneId: 'UTC' })).newPage();
    // The console outlives a page that is loaded again.
    page.on('console', (message) => {
      if (message.text().startsWith(falsehoodPrefix)) this.falsehoods.push(message.text());
    });
    await page.addInitScript(recorder);
    await signIn(page, url, password, name);
    this.#pages.push(page);
  }
}
