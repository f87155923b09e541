import type { Schedule } from './schedule.ts';
import { Timer } from './timer.ts';

const idleAfterMs = 10_000;

/** Gives the root the class `idle` while nobody uses pointer or keyboard. */
export function markIdle(root: HTMLElement, schedule: Schedule): void {
  const timer = new Timer(schedule);
  const onActivity = (): void => {
    root.classList.remove('idle');
    timer.set(idleAfterMs, () => root.classList.add('idle'));
  };
  // Safari before 13 has no pointer events.
  for (const name of ['pointermove', 'pointerdown', 'mousemove', 'touchstart', 'keydown'])
    addEventListener(name, onActivity);
  onActivity();
}
