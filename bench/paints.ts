/** Records when a page paints its seconds, and computes their accuracy. */
import type { Page } from 'playwright-core';

/** One second that a page painted. */
export interface Paint {
  /** By this host's clock, epoch ms. */
  at: number;
  /** The second of the day, UTC. */
  second: number;
  /** The error that the page stated, ms; NaN if it stated none. */
  statedMs: number;
}

const dayMs = 86_400_000;

/** A script for the page, which records its paints. */
export const recorder = `
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

/** What a page painted so far, without its first second, which is late by design. */
export async function paintsOf(page: Page): Promise<Paint[]> {
  const paints: Paint[] = await page.evaluate('paints');
  return paints.slice(1);
}

/** How late a second was painted, ms; negative if early. */
export function latenessOf({ at, second }: Paint): number {
  const ms = (at - second * 1_000) % dayMs;
  return ms > dayMs / 2 ? ms - dayMs : ms;
}

/** For each second that all pages painted: the time between the first page and the last, ms. */
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
