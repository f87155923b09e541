import { schedule } from './schedule.ts';

const registerAfterMs = 2_000;
/** A page that stays open this long may need these files while its server is unavailable. */
const prefetchAfterMs = 60_000;
const lazyFiles = ['/static/theme.js', '/static/theme.css', '/static/panel.js', '/static/panel.css'];

/** Registers the service worker, and later caches the files that the page may need while the server is unavailable. */
export function prepareForOutages(): void {
  schedule(registerWorker, registerAfterMs);
  schedule(() => {
    for (const address of lazyFiles) fetch(address).catch(() => {});
  }, prefetchAfterMs);
}

/** The service worker serves the page while the server is unavailable. A frame or a browser may forbid it. */
function registerWorker(): void {
  try {
    if ('serviceWorker' in navigator) navigator.serviceWorker.register('/sw.js').catch(() => {});
  } catch {
    // A sandboxed frame throws on access.
  }
}
