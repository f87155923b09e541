/** Measures when eight pages on two web processes reach the zero of a countdown, behind a network with jitter. */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { Client } from '../test/support/client.ts';
import { type ClockProcess, runClock } from '../test/support/clock-process.ts';
import { type Delays, TcpProxy } from '../test/support/tcp-proxy.ts';
import { passes, until } from '../test/support/until.ts';
import { percentile } from './paints.ts';
import { print } from './print.ts';

const screens = 8;
const countdownMs = 6_000;

export interface CountdownOptions {
  browser: Browser;
  webs: readonly ClockProcess[];
  password: string;
  env: Record<string, string>;
  delays: Delays;
  rounds: number;
}

/** Records when the digits of a countdown become zero, by this host's clock, epoch ms. */
const recorder = `
  globalThis.zeros = [];
  new MutationObserver(() => {
    const at = performance.timeOrigin + performance.now();
    const digits = document.querySelector('#show .digits p')?.textContent ?? '';
    const label = document.querySelector('#show .countdown-label p')?.textContent ?? '';
    if (digits === '0:00' && zeros.at(-1)?.label !== label) zeros.push({ label, at });
  }).observe(document, { subtree: true, childList: true, characterData: true });
`;

/** Redis's clock is this host's, so `until` and the time of a page's host compare. */
export async function measureCountdowns(options: CountdownOptions): Promise<void> {
  const { browser, webs, password, env, delays, rounds } = options;
  const client = new Client(webs[0]?.url ?? '');
  await client.signIn('admin', password);
  const session = client.cookies.get('sessionid') ?? '';
  const proxies = await Promise.all(webs.map(({ port }) => TcpProxy.start(port, delays)));
  const contexts: BrowserContext[] = [];
  try {
    const pages = await Promise.all(
      Array.from({ length: screens }, async (_, index) => {
        const context = await browser.newContext({ serviceWorkers: 'block' });
        contexts.push(context);
        const page = await context.newPage();
        await page.addInitScript(recorder);
        await context.addCookies([{ name: 'sessionid', value: session, domain: '127.0.0.1', path: '/' }]);
        await page.goto(`http://127.0.0.1:${proxies[index % proxies.length]?.port}/`);
        return page;
      }),
    );
    await passes(10_000);
    const errors: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const { zeros, until: due } = await countdown(pages, `round ${round}`, env, client);
      spreads.push(Math.max(...zeros) - Math.min(...zeros));
      errors.push(...zeros.map((at) => Math.abs(at - due)));
    }
    print(`zero of ${rounds} countdowns on ${screens} pages of ${webs.length} web processes:`);
    print(`  first page to last: p50 ${ms(percentile(spreads, 0.5))}, p95 ${ms(percentile(spreads, 0.95))}`);
    print(`  |zero - true instant|: p50 ${ms(percentile(errors, 0.5))}, p95 ${ms(percentile(errors, 0.95))}`);
  } finally {
    for (const context of contexts) await context.close();
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  }
}

async function countdown(
  pages: readonly Page[],
  label: string,
  env: Record<string, string>,
  client: Client,
): Promise<{ zeros: number[]; until: number }> {
  const { exit, stderr } = await runClock(['show', '--countdown', String(countdownMs), '--label', label], { env });
  if (exit !== 0) throw new Error(stderr);
  const state = (await (await client.fetch('/api/initial_state?channel=show')).json()) as {
    current: { countdown: { until: number } };
  };
  const zeros = await Promise.all(
    pages.map((page) =>
      until(
        async () => {
          const all: { label: string; at: number }[] = await page.evaluate('zeros');
          return all.find((zero) => zero.label === label)?.at;
        },
        'the page reaches zero',
        20_000,
      ),
    ),
  );
  return { zeros, until: state.current.countdown.until };
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
