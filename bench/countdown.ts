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

/** What a page wrote. */
interface Digits {
  text: string;
  /** By this host's clock, epoch ms. */
  at: number;
  frameAt: number;
}

/** Records when the digits of a countdown change. */
const recorder = `
  globalThis.digits = [];
  let inFrame = null;
  const realFrame = requestAnimationFrame.bind(globalThis);
  globalThis.requestAnimationFrame = (run) => realFrame((t) => {
    inFrame = t;
    run(t);
    queueMicrotask(() => (inFrame = null));
  });
  new MutationObserver(() => {
    const at = performance.timeOrigin + performance.now();
    const text = document.querySelector('#show .digits p')?.textContent ?? '';
    if (text === (digits[digits.length - 1] || {}).text) return;
    const one = { text, at, frameAt: inFrame === null ? null : performance.timeOrigin + inFrame };
    digits.push(one);
    if (inFrame === null) realFrame((t) => { one.frameAt = performance.timeOrigin + t; });
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
    report('zero', written, due, '0:00');
    report(
      'a second before',
      written,
      due.map((until) => until - 1_000),
      '0:01',
    );
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

function report(name: string, pages: readonly (readonly Digits[])[], due: readonly number[], text: string): void {
  const rounds = due.map((instant) =>
    pages.map((written) => {
      const one = written.find((each) => each.text === text && Math.abs(each.at - instant) < marginMs);
      if (one === undefined) throw new Error(`a page did not show ${text}`);
      return { write: one.at - instant, frame: one.frameAt - instant };
    }),
  );
  for (const key of ['write', 'frame'] as const) {
    const late = rounds.map((pages) => pages.map((page) => page[key]));
    const spreads = late.map((instants) => Math.max(...instants) - Math.min(...instants));
    const errors = late.flat().map(Math.abs);
    print(`  ${name}, ${key}: ${halves(spreads)} from first page to last, ${halves(errors)} from the true instant`);
  }
}

function halves(values: readonly number[]): string {
  return `p50 ${ms(percentile(values, 0.5))}, p95 ${ms(percentile(values, 0.95))}`;
}
