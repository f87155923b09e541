/** Runs `run` once after `delayMs`; the returned function cancels it. */
export type Schedule = (run: () => void, delayMs: number) => () => void;

/** The part of a wait that one timer covers. Firefox may fire a timer up to 1/8 of its delay late, to save wake-ups. */
const partOfWait = 0.85;
/** For waits up to this, an eighth is at most 2.5 ms. */
const unchainedMs = 20;

export const schedule: Schedule = (run, delayMs) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};

/** Like `schedule`, and punctual in Firefox. */
export const scheduleChained: Schedule = chain(schedule, () => performance.now());

/** Covers each wait with a chain of timers, each for most of the time that is left. `now`: monotonic, ms. */
export function chain(scheduleOne: Schedule, now: () => number): Schedule {
  return (run, delayMs) => {
    const dueAt = now() + delayMs;
    let cancel = (): void => {};
    const wait = (leftMs: number): void => {
      const next = (): void => (dueAt > now() ? wait(dueAt - now()) : run());
      cancel = leftMs > unchainedMs ? scheduleOne(next, leftMs * partOfWait) : scheduleOne(run, leftMs);
    };
    wait(delayMs);
    return () => cancel();
  };
}
