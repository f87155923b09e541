import { schedule } from './schedule.ts';

const dayMs = 86_400_000;

/** Asks for the initial state once a day: the answer sets a screen's cookie anew, which would expire otherwise. */
export function renewCookieDaily(): void {
  schedule(() => {
    fetch('/api/initial_state', { credentials: 'same-origin' }).catch(() => {});
    renewCookieDaily();
  }, dayMs);
}
