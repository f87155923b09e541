/**
 * Measures whether the memory of a page grows: one page on `clock all` with the shortest interval. The page receives
 * every tick, 20 a second at 50 ms, instead of the first of each second. Exits with 1 if the heap grows by more than 10 %
 * from minute 2 to the end.
 *
 *     npm run bench:heap -- --seconds 600 --interval 50
 */
import { parseArgs } from 'node:util';
import type { CDPSession } from 'playwright-core';
import { launchBrowser, signIn } from '../test/support/browser.ts';
import { startClock } from '../test/support/clock-process.ts';
import { passes } from '../test/support/until.ts';
import { print } from './print.ts';
import { usageOf } from './usage.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    interval: { type: 'string', default: '50' },
  },
});
const seconds = Number(values.seconds);
const sampleEveryS = Math.min(30, seconds / 10);
/** By then scripts are compiled and caches are full. A short run waits less. */
const settledS = Math.min(120, seconds / 5);
const maxGrowth = 0.1;

// A text, because the benches are compiled without the browser's types.
const everyTick = `
  globalThis.ticks = 0;
  globalThis.WebSocket = class extends WebSocket {
    constructor(address) {
      super(String(address).replace('every=1000', ''));
      this.addEventListener('message', () => (ticks += 1));
    }
  };
`;

interface Sample {
  atS: number;
  heapBytes: number;
  nodes: number;
  listeners: number;
  serverKiB: number;
  /** Number of messages that the page has received so far. */
  messages: number;
}

const clock = await startClock(['all', '--interval', values.interval]);
const browser = await launchBrowser();
const samples: Sample[] = [];
try {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.addInitScript(everyTick);
  await signIn(page, `${clock.url}/`, clock.adminPassword());
  await page.waitForSelector('[data-state="live"]');
  const devtools = await context.newCDPSession(page);
  await devtools.send('Performance.enable');
  const begin = performance.now();
  print('     s   heap, kB   nodes   listeners   server, MB   messages');
  for (let atS = sampleEveryS; atS <= seconds; atS += sampleEveryS) {
    await passes(begin + atS * 1_000 - performance.now());
    const messages: number = await page.evaluate('ticks');
    const sample = { atS, ...(await pageOf(devtools)), serverKiB: usageOf(clock.pid).residentKiB, messages };
    samples.push(sample);
    print(row(sample));
  }
} finally {
  await browser.close();
  await clock.stop();
}

const slope = slopeOf(samples.filter(({ atS }) => atS >= seconds / 3));
const growth = growthOf(samples);
print(`heap over the last two thirds: ${slope.toFixed(2)} kB/min`);
print(`heap from ${settledS} s to the end: ${(growth * 100).toFixed(1)} %`);
if (!(growth <= maxGrowth)) process.exitCode = 1;

/** The memory of the page after a garbage collection. */
async function pageOf(devtools: CDPSession): Promise<Pick<Sample, 'heapBytes' | 'nodes' | 'listeners'>> {
  await devtools.send('HeapProfiler.collectGarbage');
  const { metrics } = await devtools.send('Performance.getMetrics');
  const named = (wanted: string): number => metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN;
  return { heapBytes: named('JSHeapUsedSize'), nodes: named('Nodes'), listeners: named('JSEventListeners') };
}

/** The slope of the heap by linear regression, kB per minute. */
function slopeOf(selected: readonly Sample[]): number {
  const minutes = selected.map(({ atS }) => atS / 60);
  const heaps = selected.map(({ heapBytes }) => heapBytes / 1_000);
  const [meanMinute, meanHeap] = [mean(minutes), mean(heaps)];
  const covariance = mean(minutes.map((minute, index) => (minute - meanMinute) * ((heaps[index] ?? 0) - meanHeap)));
  return covariance / mean(minutes.map((minute) => (minute - meanMinute) ** 2));
}

/** The growth of the heap from `settledS` to the end, as a fraction. */
function growthOf(all: readonly Sample[]): number {
  const first = all.find(({ atS }) => atS >= settledS)?.heapBytes ?? Number.NaN;
  return (all.at(-1)?.heapBytes ?? Number.NaN) / first - 1;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

function row({ atS, heapBytes, nodes, listeners, serverKiB, messages }: Sample): string {
  const columns = [
    atS.toFixed(0).padStart(6),
    (heapBytes / 1_000).toFixed(1).padStart(11),
    String(nodes).padStart(8),
    String(listeners).padStart(12),
    (serverKiB / 1_024).toFixed(1).padStart(13),
    String(messages).padStart(11),
  ];
  return columns.join('');
}
