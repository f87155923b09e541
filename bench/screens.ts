/**
 * Measures the accuracy of the seconds on real pages: 8 pages in Chromium on two web processes, behind a network that
 * delays each packet by 5 to 80 ms, with device clocks that are wrong by -7 to +7 s; then the same with responses that
 * take 40 ms longer than requests. Also measures the weight of a page, the time until it shows the right second, its
 * CPU time, and the CPU time that `?every=1000` saves the server.
 *
 *     npm run bench:screens -- --seconds 60
 *
 * With `--countdown` it measures only when the pages reach the zero of countdowns.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Browser } from 'playwright-core';
import { launchBrowser, signIn } from '../test/support/browser.ts';
import { Client } from '../test/support/client.ts';
import { type ClockProcess, startClock } from '../test/support/clock-process.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import type { Delays } from '../test/support/tcp-proxy.ts';
import { passes } from '../test/support/until.ts';
import { openClients } from './clients.ts';
import { measureCountdowns } from './countdown.ts';
import { environmentOf, password } from './environment.ts';
import { openPages } from './pages.ts';
import { paintPlot } from './paint-plot.ts';
import { latenessOf, type Paint, paintsOf, percentile, recorder, spreadsOf } from './paints.ts';
import { ms, print } from './print.ts';
import { median, usageOf } from './usage.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    sockets: { type: 'string', default: '1000' },
    plot: { type: 'boolean', default: false },
    countdown: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
/** Eight pages that load at once on two cores slow each other down at first. */
const settledAfter = 10;

const jitter = (): number => 5 + Math.random() * 75;
const symmetric: Delays = { up: jitter, down: jitter };
const asymmetric: Delays = { up: jitter, down: () => jitter() + 40 };

const redis = await RedisServer.start();
const env = { TZ: 'UTC', ...environmentOf(redis.url) };
const roles: ClockProcess[] = [];
const browser = await launchBrowser();
try {
  for (const args of [['worker'], ['beat'], ['web', '--host', '127.0.0.1'], ['web', '--host', '127.0.0.1']]) {
    roles.push(await startClock(args, { env }));
  }
  const webs = roles.slice(2);
  if (values.countdown) {
    await measureCountdowns({ browser, webs, password, delays: symmetric }, seconds);
  } else {
    await trials(webs);
  }
} finally {
  await browser.close();
  await Promise.all(roles.map((role) => role.stop()));
  await redis.stop();
}

async function trials(webs: readonly ClockProcess[]): Promise<void> {
  await savings(webs[0]);
  await onePage(webs[0]);
  const direct = await trial('loopback, no delay', webs, null);
  const even = await trial('5 to 80 ms either way', webs, symmetric);
  await trial('5 to 80 ms, and 40 ms more for responses', webs, asymmetric);
  if (values.plot) {
    const plot = paintPlot([
      { name: '5 to 80 ms of jitter', color: '#1f6feb', lateness: even },
      { name: 'loopback', color: '#2da44e', lateness: direct },
    ]);
    writeFileSync(join(import.meta.dirname, '../docs/paint-error.svg'), plot);
  }
}

/** Prints the accuracy of 8 pages, and returns the lateness of each paint, ms. */
async function trial(name: string, webs: readonly ClockProcess[], delays: Delays | null): Promise<number[]> {
  const { pages, close } = await openPages({ browser, webs, password, delays, script: recorder });
  try {
    await passes(seconds * 1_000);
    const paints = await Promise.all(pages.map(paintsOf));
    report(name, paints);
    return paints.flat().map(latenessOf);
  } finally {
    await close();
  }
}

function report(name: string, pages: readonly (readonly Paint[])[]): void {
  const all = pages.flat();
  const errors = all.map((paint) => Math.abs(latenessOf(paint)));
  const covered = all.filter((paint) => Math.abs(latenessOf(paint)) <= paint.statedMs).length;
  const repeated = pages.flatMap((paints) =>
    paints.filter(({ second }, at) => second === paints[at - 1]?.second),
  ).length;
  print(`${name}: ${all.length} paints by ${pages.length} pages`);
  print(`  |paint - true second|: p50 ${ms(percentile(errors, 0.5))}, p95 ${ms(percentile(errors, 0.95))}`);
  printSpread('first page to last, per second', pages);
  printSpread(
    `the same after the first ${settledAfter} seconds`,
    pages.map((paints) => paints.slice(settledAfter)),
  );
  const stated = all.map(({ statedMs }) => statedMs);
  print(`  shown error: median ± ${ms(median(stated))}, true in ${((100 * covered) / all.length).toFixed(2)} %`);
  print(`  seconds painted twice: ${repeated}`);
}

function printSpread(what: string, pages: readonly (readonly Paint[])[]): void {
  const spreads = spreadsOf(pages);
  print(`  ${what}: p50 ${ms(percentile(spreads, 0.5))}, p95 ${ms(percentile(spreads, 0.95))}`);
}

async function weight(url: string): Promise<void> {
  // Files from a service worker would count as nothing, although it fetched them.
  const context = await browser.newContext({ serviceWorkers: 'block' });
  const page = await context.newPage();
  const devtools = await context.newCDPSession(page);
  await devtools.send('Network.enable');
  let bytes = 0;
  devtools.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
  await signIn(page, url, password);
  await passes(4_000);
  print(`weight of the sign-in page and the clock: ${bytes} bytes, including headers`);
  bytes = 0;
  await page.goto(`${url}?face=analog`);
  await passes(500);
  await page.keyboard.press('i');
  await passes(500);
  print(`  and of a theme and the panel, loaded afterwards: ${bytes} bytes`);
  await context.close();
}

async function onePage(web: ClockProcess | undefined): Promise<void> {
  const url = `${web?.url}/`;
  await weight(url);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(recorder);
  await signIn(page, url, password);
  await passes(4_000);
  const firsts: number[] = [];
  for (let visit = 0; visit < 9; visit += 1) {
    await page.goto(url);
    await passes(700);
    firsts.push(await page.evaluate('paints[0].at - performance.timeOrigin'));
  }
  print(`first right second after a warm navigation: median ${ms(median(firsts))}, most ${ms(Math.max(...firsts))}`);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  await passes(5_000);
  const before = await rendererSeconds(browser);
  await passes(20_000);
  const used = (await rendererSeconds(browser)) - before;
  print(`CPU time of the renderer of an idle page: ${((used / 20) * 100).toFixed(2)} % of a core`);
  await context.close();
}

/** CPU time of all renderers so far, s. */
async function rendererSeconds(one: Browser): Promise<number> {
  const devtools = await one.newBrowserCDPSession();
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  await devtools.detach();
  return processInfo.filter(({ type }) => type === 'renderer').reduce((sum, { cpuTime }) => sum + cpuTime, 0);
}

/** Compares the server's CPU time per socket for every tick with that for the first tick of each second. */
async function savings(web: ClockProcess | undefined): Promise<void> {
  if (web === undefined) return;
  const client = new Client(web.url);
  await client.signIn('admin', password);
  const cost = async (query: string): Promise<number> => {
    const clients = await openClients(web.port, Number(values.sockets), query, client.cookieHeader());
    await passes(2_000);
    const start = usageOf(web.pid);
    await passes(8_000);
    const end = usageOf(web.pid);
    clients.close();
    await passes(500);
    return (end.cpuUs - start.cpuUs) / 8 / Number(values.sockets);
  };
  const rounds: { every: number; second: number }[] = [];
  for (let round = 0; round < 3; round += 1) rounds.push({ every: await cost(''), second: await cost('?every=1000') });
  const every = median(rounds.map((round) => round.every));
  const second = median(rounds.map((round) => round.second));
  const ratio = median(rounds.map((round) => round.second / round.every));
  print(
    `CPU time per socket and second, ${values.sockets} sockets: every tick ${every.toFixed(1)} us, every=1000 ${second.toFixed(1)} us, ratio ${ratio.toFixed(2)}`,
  );
}
