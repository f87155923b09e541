interface Due {
  at: number;
  run: () => void;
}

const mostAtOneInstant = 1_000;

/** A monotonic clock and its timers. Time passes only in `pass`. */
export class VirtualClock {
  now: number;
  /** In the order in which it was scheduled. */
  readonly #due: Due[] = [];

  constructor(now: number) {
    this.now = now;
  }

  schedule(run: () => void, delayMs: number): () => void {
    const due = { at: this.now + Math.max(0, delayMs), run };
    this.#due.push(due);
    return () => {
      const index = this.#due.indexOf(due);
      if (index >= 0) this.#due.splice(index, 1);
    };
  }

  /** Lets time pass; `watch` is called after each timer. Fails if timers go on without time passing. */
  async pass(ms: number, watch: () => void = () => {}): Promise<void> {
    const end = this.now + ms;
    await settle();
    let atOneInstant = 0;
    for (;;) {
      const next = this.#next();
      if (next === null || next.at > end) break;
      this.#due.splice(this.#due.indexOf(next), 1);
      atOneInstant = next.at > this.now ? 0 : atOneInstant + 1;
      if (atOneInstant > mostAtOneInstant) throw new Error(`timers go on and on at ${this.now}`);
      this.now = Math.max(this.now, next.at);
      next.run();
      await settle();
      watch();
    }
    this.now = end;
    watch();
  }

  #next(): Due | null {
    let next: Due | null = null;
    for (const due of this.#due) if (next === null || due.at < next.at) next = due;
    return next;
  }
}

/** Lets all promises settle that can. */
async function settle(): Promise<void> {
  for (let round = 0; round < 8; round += 1) await Promise.resolve();
}
