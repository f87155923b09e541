import { schedule } from './schedule.ts';

const dayMs = 86_400_000;

/** Requests the initial state once a day: the response renews a screen's cookie, which would expire otherwise. */
export function renewCookieDaily(): void {
  schedule(() => {
    fetch('/api/initial_state', { credentials: 'same-origin' }).catch(() => {});
    renewCookieDaily();
  }, dayMs);
}
