/** Records when a page paints its seconds, and reckons how right they were. */
import type { Page } from 'playwright-core';

/** One second that a page painted. */
export interface Paint {
  /** By this host's clock, epoch ms: the page's own, which nobody shifted. */
  at: number;
  /** The second of the day, UTC. */
  second: number;
  /** What the page said of its error, ms; NaN when it said nothing. */
  statedMs: number;
}

const dayMs = 86_400_000;

/** A text: it runs in the page. `Date` is off by `offMs` there, the monotonic clock is not. */
export function recorder(offMs: number): string {
  return `
    const RealDate = Date;
    globalThis.Date = class extends RealDate {
      constructor(...given) { if (given.length === 0) super(RealDate.now() + ${offMs}); else super(...given); }
      static now() { return RealDate.now() + ${offMs}; }
    };
    globalThis.paints = [];
    let last = '';
    new MutationObserver(() => {
      const at = performance.timeOrigin + performance.now();
      const text = document.querySelector('#display')?.textContent ?? '';
      if (text === last || !/^\\d\\d:\\d\\d:\\d\\d$/.test(text)) return;
      last = text;
      const [h, m, s] = text.split(':').map(Number);
      const stated = /\\d+/.exec(document.querySelector('#error')?.textContent ?? '')?.[0];
      paints.push({ at, second: h * 3600 + m * 60 + s, statedMs: stated === undefined ? NaN : Number(stated) });
    }).observe(document, { subtree: true, childList: true, characterData: true });
  `;
}

/** What a page painted so far, but for the first second: that begins when the page does. */
export async function paintsOf(page: Page): Promise<Paint[]> {
  const paints: Paint[] = await page.evaluate('paints');
  return paints.slice(1);
}

/** Positive: painted late. */
export function latenessOf({ at, second }: Paint): number {
  const ms = (at - second * 1_000) % dayMs;
  return ms > dayMs / 2 ? ms - dayMs : ms;
}

/** For each second that all pages painted: from the first page that did to the last, ms. */
export function spreadsOf(pages: readonly (readonly Paint[])[]): number[] {
  const bySecond = new Map<number, number[]>();
  for (const { at, second } of pages.flat()) bySecond.set(second, [...(bySecond.get(second) ?? []), at]);
  const whole = [...bySecond.values()].filter(({ length }) => length === pages.length);
  return whole.map((instants) => Math.max(...instants) - Math.min(...instants));
}

export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
