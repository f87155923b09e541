import { RecentDelays } from './recent-delays.ts';

/** How late the timer fired, that is, how long the event loop was busy. */
export const timerDelays = new RecentDelays();

/** A timer may fire this much early, ms. What is due that soon runs as well. */
const earlyMs = 1;
/** Node.js fires after 1 ms instead of a longer delay. */
const maxDelayMs = 2 ** 31 - 1;

const waiting = new Set<SharedTimer>();
let timer: NodeJS.Timeout | undefined;
/** What `timer` is set for, monotonic ms. */
let wakesAt = Infinity;
let isRunning = false;
/** `queueMicrotask` costs several times as much as `then` of a resolved promise. */
const resolved = Promise.resolve();

/**
 * Calls `onDue` once, when it is due. All of a process share one timer of Node.js, which is set when the process is about
 * to wait. A timer of Node.js that is cleared or refreshed wakes the process in many cases, which costs about 0.1 ms of
 * CPU; here this happens only for the next one of all. If that is moved away, the timer fires at once instead, while the
 * process is awake, and is set anew.
 */
export class SharedTimer {
  readonly #onDue: () => void;
  #at = Infinity;

  constructor(onDue: () => void) {
    this.#onDue = onDue;
  }

  /** Whether it is set, and neither due nor cleared yet. */
  get isSet(): boolean {
    return waiting.has(this);
  }

  /** Monotonic ms. */
  get at(): number {
    return this.#at;
  }

  /** Sets or moves it to `ms` from now. Throws a `RangeError` for NaN. */
  set(ms: number): void {
    if (Number.isNaN(ms)) throw new RangeError('the time until a timer is due is NaN');
    const now = performance.now();
    // Not each time, since one that is moved by many events would make the timer fire after each of them.
    const isMovedAway = this.#at === wakesAt && wakesAt - now < ms / 2;
    this.#at = now + ms;
    waiting.add(this);
    if (isRunning) return;
    if (isMovedAway) setAtOnce(now);
    else wakeBy(this.#at);
  }

  clear(): void {
    if (waiting.delete(this) && waiting.size === 0) stopTimer();
  }

  /** Runs it now if it is due at `now`. */
  runIfDue(now: number): void {
    if (this.#at > now || !waiting.delete(this)) return;
    this.#onDue();
  }
}

function wakeBy(at: number): void {
  if (at >= wakesAt) return;
  stopTimer();
  wakesAt = at;
  const now = performance.now();
  const delayMs = Math.min(Math.max(1, Math.ceil(at - now)), maxDelayMs);
  timer = setTimeout(run, delayMs, now + delayMs);
}

function stopTimer(): void {
  clearTimeout(timer);
  forgetTimer();
}

function forgetTimer(): void {
  timer = undefined;
  wakesAt = Infinity;
}

function recordDelay(firesAt: number): void {
  timerDelays.record(Math.max(1, Math.round((performance.now() - firesAt) * 1e6)));
}

/**
 * Sets the timer anew when it fires after 1 ms, which is usually over when the process is about to wait. What is due before
 * that may be 1 ms late.
 */
function setAtOnce(now: number): void {
  stopTimer();
  wakesAt = now;
  timer = setTimeout(() => {
    recordDelay(now + 1);
    forgetTimer();
    setTimer();
  }, 1);
}

function setTimer(): void {
  isRunning = false;
  let next = Infinity;
  for (const { at } of waiting) next = Math.min(next, at);
  wakeBy(next);
}

function setTimerNext(): void {
  process.nextTick(setTimer);
}

function run(firesAt: number): void {
  recordDelay(firesAt);
  forgetTimer();
  isRunning = true;
  // What follows a promise that `onDue` resolves may move others. This runs after all of that. It is never rejected.
  resolved.then(setTimerNext, setTimerNext);
  const now = performance.now() + earlyMs;
  const due = [...waiting].filter(({ at }) => at <= now).sort((one, other) => one.at - other.at);
  for (const one of due) one.runIfDue(now);
}
