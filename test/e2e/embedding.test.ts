import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';
import { blocksIn } from '../support/docs-blocks.ts';
import { PageServer } from '../support/page-server.ts';
import { secondsAround } from '../support/seconds-around.ts';
import { startTogether } from '../support/start-together.ts';
import { measureStall } from '../support/stopwatch.ts';
import { undisturbed } from '../support/undisturbed.ts';
import { msUntil, until } from '../support/until.ts';

const [example = ''] = blocksIn('embedding', 'html');
/** The commands of docs/embedding.md that add a channel and publish on it, as arguments. */
const channelCommands = blocksIn('embedding', 'sh')
  .flatMap((block) => block.trim().split('\n'))
  .filter((line) => / (channels|publish) /.test(line))
  .map((line) => [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word).slice(1));
const blank = '<!doctype html><title>Another page</title><p id="news"></p>';

let browser: Browser;
let clock: ClockProcess;
let server: PageServer;
let token: string;
let page: Page;
/** What the page's server answers to a request for a ticket, instead of a ticket. */
let refusal: number | null;
let consoleTexts: string[];

beforeAll(async () => {
  server = await PageServer.start(async ({ url }, response) => {
    if (url !== '/clock-ticket') {
      response.setHeader('Content-Type', 'text/html');
      response.end(url === '/example' ? example.replaceAll('https://clock.example.org', clock.url) : blank);
      return;
    }
    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${clock.url}/api/ticket`, { method: 'POST', headers });
    response.writeHead(refusal ?? answer.status, { 'Content-Type': 'application/json' });
    response.end(await answer.text());
  });
  [clock, browser] = await startTogether(
    startClock(['all', '--page-origins', server.origin, '--zone', 'Europe/Madrid']),
    launchBrowser(),
  );
  token = (await command('token', 'issue', 'admin')).trim();
});

afterAll(async () => {
  await browser?.close();
  await clock?.stop();
  await server?.[Symbol.asyncDispose]();
});

beforeEach(async () => {
  refusal = null;
  consoleTexts = [];
  page = await browser.newPage();
  page.on('console', (message) => consoleTexts.push(message.text()));
});

afterEach(async () => {
  await page.close();
});

async function command(...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await runClock([...args, '--data-dir', clock.dataDir]);
  expect({ exit, stderr }).toMatchObject({ exit: 0 });
  return stdout;
}

/** Opens a blank page that connects with a token and calls the client `clock`. */
async function connectedPage(origin = server.origin, credential = token): Promise<void> {
  await page.goto(`${origin}/blank`);
  await page.evaluate(`(async () => {
    const { connect } = await import('${clock.url}/clock-client.js');
    globalThis.clock = connect({ url: '${clock.url}', token: '${credential}' });
    globalThis.states = [];
    clock.onState((state) => states.push(state));
  })()`);
}

const state = (): Promise<string> => page.evaluate('clock.state');

/** Like `connectedPage`, and waits until its clock is live. */
async function livePage(): Promise<void> {
  await connectedPage();
  await expect.poll(state).toBe('live');
}

describe('the example page of docs/embedding.md', () => {
  test('shows the time of the zone, live', async () => {
    await page.goto(`${server.origin}/example`);
    await expect.poll(() => page.textContent('#state')).toBe('live');
    // A page that was paused may answer before it draws.
    const isRight = async (): Promise<boolean> => {
      const before = Date.now();
      const shown = (await page.textContent('#time')) ?? '';
      return secondsAround(before, 'Europe/Madrid').includes(shown);
    };
    expect(await msUntil(isRight, 'the page shows the right second')).toBeLessThan(1_500);
  });

  test('shows what is published on its channel', async () => {
    expect(channelCommands.map(([name]) => name)).toEqual(['channels', 'publish']);
    for (const args of channelCommands) await command(...args);
    const headers = { Authorization: `Bearer ${token}` };
    const isKnown = async () => (await fetch(`${clock.url}/api/initial_state?channel=news`, { headers })).ok;
    await until(isKnown, 'the channel is known');
    await page.goto(`${server.origin}/example`);
    const text = channelCommands.at(-1)?.at(-1);
    await expect.poll(() => page.textContent('#news')).toBe(text);
    await command('publish', 'news', 'Platform 4');
    await expect.poll(() => page.textContent('#news')).toBe('Platform 4');
  });

  test('is signed out when its server refuses a ticket, and live again after it does not', async () => {
    refusal = 401;
    await page.goto(`${server.origin}/example`);
    await expect.poll(() => page.textContent('#state')).toBe('signed-out');
    refusal = null;
    // As if the page became visible.
    await expect
      .poll(async () => {
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))");
        return page.textContent('#state');
      })
      .toBe('live');
  });
});

describe('/clock-client.js', () => {
  test('gives house time, its error and the beginning of each second', async ({ signal }) => {
    await undisturbed(async () => {
      await livePage();
      const stalledMs = measureStall();
      const { second, now, errorMs } = await page.evaluate<{ second: number; now: number; errorMs: number }>(
        `new Promise((resolve) => clock.nextSecond((second) => {
          resolve({ second, now: clock.now(), errorMs: clock.errorMs });
        }))`,
      );
      expect(second % 1_000).toBe(0);
      expect(Math.abs(now - second) - stalledMs()).toBeLessThan(500);
      expect(errorMs).toBeGreaterThan(0);
      expect(Math.abs(now - Date.now()) - stalledMs()).toBeLessThan(1_000);
      expect(await page.evaluate('states')).toEqual(['live']);
    }, signal);
  });

  test('calls a callback of nextSecond once, and none that was cancelled', async () => {
    await connectedPage();
    await page.evaluate(`globalThis.calls = [];
      clock.nextSecond((second) => calls.push(second));
      clock.nextSecond(() => calls.push('cancelled'))();`);
    const nextSecond = 'new Promise((resolve) => clock.nextSecond(resolve))';
    for (let count = 0; count < 3; count += 1) await page.evaluate(nextSecond);
    expect(await page.evaluate('calls.map(Number.isInteger)')).toEqual([true]);
  });

  test('delivers channels, also to listeners that are added later', async ({ signal }) => {
    await undisturbed(async () => {
      await livePage();
      const [text, info] = await page.evaluate<[string, { at: number; seq: number }]>(
        `new Promise((resolve) => clock.onMessage('time', (...all) => resolve(all)))`,
      );
      expect(text).toMatch(/^\d\d:\d\d:\d\d$/);
      expect(info).toEqual({ at: expect.any(Number), seq: expect.any(Number) });
      // Another channel needs another socket; the time stays live.
      const sockets = page.waitForEvent('websocket');
      await page.evaluate("clock.onMessage('date', () => {})");
      expect(new URL((await sockets).url()).searchParams.get('channels')).toBe('time,date');
      await page.evaluate(`new Promise((resolve) => {
        const seen = clock.now();
        clock.onMessage('time', (_, { at }) => at > seen && resolve());
      })`);
      expect(await page.evaluate('states')).toEqual(['live']);
    }, signal);
  });

  test('shows the time without a channel that does not exist', async () => {
    await page.goto(`${server.origin}/blank`);
    await page.evaluate(`(async () => {
      const { connect } = await import('${clock.url}/clock-client.js');
      globalThis.clock = connect({ url: '${clock.url}', token: '${token}' });
      clock.onMessage('no-such-channel', () => {});
    })()`);
    await expect.poll(state).toBe('live');
    expect(consoleTexts).toContain('Clock: cannot read no-such-channel');
  });

  test('is signed out within a few seconds after its token was revoked', async () => {
    const revoked = (await command('token', 'issue', 'admin', '--name', 'revoked')).trim();
    await connectedPage(server.origin, revoked);
    await expect.poll(state).toBe('live');
    await command('token', 'revoke', 'revoked');
    await expect.poll(state).toBe('signed-out');
  });

  test('ends with close(): the socket is closed and nothing is called any more', async () => {
    const opened = page.waitForEvent('websocket');
    await livePage();
    const closed = (await opened).waitForEvent('close');
    await page.evaluate("states.length = 0; clock.nextSecond(() => states.push('called')); clock.close()");
    await closed;
    expect(await state()).toBe('stale');
    // Two seconds of another client have passed.
    await page.evaluate(`(async () => {
      const { connect } = await import('${clock.url}/clock-client.js');
      const other = connect({ url: '${clock.url}', token: '${token}' });
      for (let count = 0; count < 3; count += 1) await new Promise((resolve) => other.nextSecond(resolve));
    })()`);
    expect(await page.evaluate('states')).toEqual([]);
  });

  test('reads nothing on a page of an origin that is not named', async () => {
    await using other = await PageServer.start((_request, response) => void response.end(blank));
    await connectedPage(other.origin);
    await expect.poll(() => consoleTexts.join('\n')).toContain('/api/ticket');
    await expect.poll(state).toBe('stale');
  });

  test('refuses options without or with both credentials', async () => {
    await page.goto(`${server.origin}/blank`);
    const errors = await page.evaluate<string[]>(`(async () => {
      const { connect } = await import('${clock.url}/clock-client.js');
      const url = '${clock.url}';
      return [{ url }, { url, token: 'x', ticket: async () => 'x' }, { url: 'clock', token: 'x' }].map((options) => {
        try { connect(options); } catch (error) { return error.name; }
      });
    })()`);
    expect(errors).toEqual(['TypeError', 'TypeError', 'TypeError']);
  });
});
