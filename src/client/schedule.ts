/** Runs `run` once after `delayMs`; the returned function cancels it. */
export type Schedule = (run: () => void, delayMs: number) => () => void;

/** Of a wait, the part that one timer covers. Firefox may fire a timer up to 1/8 of its delay late, to save wake-ups. */
const partOfWait = 0.85;
/** Up to this wait, an eighth is a matter of some ms. */
const unchainedMs = 20;

export const schedule: Schedule = (run, delayMs) => {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
};

/** Like `schedule`, and punctual in Firefox. */
export const scheduleChained: Schedule = chain(schedule, () => performance.now());

/** Covers each wait by a chain of timers, of which each is short enough for what is left. `now`: monotonic, ms. */
export function chain(link: Schedule, now: () => number): Schedule {
  return (run, delayMs) => {
    const dueAt = now() + delayMs;
    let cancel = (): void => {};
    const wait = (leftMs: number): void => {
      const next = (): void => (dueAt > now() ? wait(dueAt - now()) : run());
      cancel = leftMs > unchainedMs ? link(next, leftMs * partOfWait) : link(run, leftMs);
    };
    wait(delayMs);
    return () => cancel();
  };
}
