/** Measures when eight pages on two web processes reach the zero of a countdown, behind a network with jitter. */
import type { Client } from '../test/support/client.ts';
import { passes } from '../test/support/until.ts';
import { openPages, type PagesOptions } from './pages.ts';
import { percentile } from './paints.ts';
import { ms, print } from './print.ts';

/** The estimates of house time are as good as they get after 32 exchanges, of which the server allows 2 a second. */
const warmUpMs = 20_000;
const countdownMs = 3_000;
/** How long after zero all pages have reached it. */
const marginMs = 500;

/** Digits that a page wrote. Instants are by this host's clock, epoch ms. */
interface Digits {
  text: string;
  writtenAt: number;
  /** The beginning of the first frame that shows them. */
  frameAt: number;
}

/** Records when the digits of a countdown change. What a frame's callback writes is in that frame, the rest in the next. */
const recorder = `
  globalThis.digits = [];
  let currentFrameAt = null;
  const requestFrame = requestAnimationFrame.bind(globalThis);
  globalThis.requestAnimationFrame = (run) => requestFrame((at) => {
    currentFrameAt = at;
    run(at);
    queueMicrotask(() => (currentFrameAt = null));
  });
  new MutationObserver(() => {
    const writtenAt = performance.timeOrigin + performance.now();
    const text = document.querySelector('#show .digits p')?.textContent ?? '';
    if (text === digits.at(-1)?.text) return;
    const change = { text, writtenAt, frameAt: NaN };
    digits.push(change);
    const onFrame = (at) => (change.frameAt = performance.timeOrigin + at);
    if (currentFrameAt === null) requestFrame(onFrame);
    else onFrame(currentFrameAt);
  }).observe(document, { subtree: true, childList: true, characterData: true });
`;

/** Redis's clock is this host's, so the end of a countdown and the times that a page records compare. */
export async function measureCountdowns(options: Omit<PagesOptions, 'script'>, seconds: number): Promise<void> {
  const { pages, client, close } = await openPages({ ...options, script: recorder });
  try {
    await passes(warmUpMs);
    const due: number[] = [];
    const endAt = Date.now() + seconds * 1_000;
    while (Date.now() < endAt) {
      const until = Date.now() + countdownMs + Math.floor(Math.random() * 1_000);
      await show(client, until);
      due.push(until);
      await passes(until + marginMs - Date.now());
    }
    const written = await Promise.all(pages.map(async (page): Promise<Digits[]> => page.evaluate('digits')));
    print(`${due.length} countdowns on ${pages.length} pages of ${options.webs.length} web processes:`);
    report(written, due);
  } finally {
    await close();
  }
}

async function show(client: Client, until: number): Promise<void> {
  const headers = { 'Content-Type': 'application/json', 'X-CSRFToken': client.cookies.get('csrftoken') ?? '' };
  const body = JSON.stringify({ show: { countdown: { until, label: 'Doors open', warnAt: [2_000] } } });
  const { status } = await client.fetch('/api/show', { method: 'POST', headers, body });
  if (status !== 200) throw new Error(`the countdown was refused with ${status}`);
}

function report(pages: readonly (readonly Digits[])[], due: readonly number[]): void {
  for (const key of ['writtenAt', 'frameAt'] as const) {
    const lateness = due.map((until) => pages.map((digits) => zeroOf(digits, until)[key] - until));
    const spreads = lateness.map((ofPages) => Math.max(...ofPages) - Math.min(...ofPages));
    const errors = lateness.flat().map(Math.abs);
    print(
      `  zero ${key === 'writtenAt' ? 'is written' : 'is in a frame'}: from first page to last ${summary(spreads)}`,
    );
    print(`    |distance from the true instant|: ${summary(errors)}`);
  }
}

function zeroOf(digits: readonly Digits[], until: number): Digits {
  const zero = digits.find(({ text, writtenAt }) => text === '0:00' && Math.abs(writtenAt - until) < marginMs);
  if (zero === undefined) throw new Error(`a page did not reach zero within ${marginMs} ms`);
  return zero;
}

function summary(values: readonly number[]): string {
  return `p50 ${ms(percentile(values, 0.5))}, p95 ${ms(percentile(values, 0.95))}`;
}
