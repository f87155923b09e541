import type { Schedule } from './schedule.ts';
import { Timer } from './timer.ts';

const idleAfterMs = 10_000;

/** Sets the class `idle` on the root while there is no pointer or keyboard input. */
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
