/** What arrived of one message. */
export interface Arrival {
  /** The instant in the message, epoch ms. */
  at: number;
  /** Number of sockets that received it. */
  sockets: number;
  /** When the last of them received it, epoch ms. */
  lastMs: number;
}

/** Everything that arrived since a moment. */
export interface Arrivals {
  messages: readonly Arrival[];
  /** Number of receptions by their delay after the instant, ms; the last counts all longer delays too. */
  delays: readonly number[];
}

const longestDelayMs = 10_000;

export const noArrivals: Arrivals = { messages: [], delays: [] };

/** The arrivals at two groups of sockets. */
export function joinArrivals(one: Arrivals, other: Arrivals): Arrivals {
  const messages = new Map(one.messages.map((message) => [message.at, message]));
  for (const { at, sockets, lastMs } of other.messages) {
    const known = messages.get(at);
    messages.set(at, {
      at,
      sockets: sockets + (known?.sockets ?? 0),
      lastMs: Math.max(lastMs, known?.lastMs ?? 0),
    });
  }
  const length = Math.max(one.delays.length, other.delays.length);
  const delays = Array.from({ length }, (_, ms) => (one.delays[ms] ?? 0) + (other.delays[ms] ?? 0));
  return { messages: [...messages.values()].toSorted((a, b) => a.at - b.at), delays };
}

/** The delay, ms, that this share of all receptions does not exceed; NaN if there were none. */
export function delayAt(share: number, delays: readonly number[]): number {
  let left = share * delays.reduce((sum, count) => sum + count, 0);
  if (left === 0) return Number.NaN;
  return delays.findIndex((count) => (left -= count) <= 0);
}

/** Counts what a group of sockets receives. A message contains `"at"` and its instant, epoch ms. */
export class ArrivalCounter {
  #arrivals = new Map<string, Arrival | null>();
  #delays: number[] = [];

  reset(): void {
    this.#arrivals.clear();
    this.#delays = Array.from({ length: longestDelayMs + 1 }, () => 0);
  }

  /** Ignores texts without an instant. */
  add(text: string, now: number): void {
    let arrival = this.#arrivals.get(text);
    if (arrival === undefined) {
      const at = /"at": ?(\d+)/.exec(text)?.[1];
      arrival = at === undefined ? null : { at: Number(at), sockets: 0, lastMs: 0 };
      this.#arrivals.set(text, arrival);
    }
    if (arrival === null) return;
    arrival.sockets += 1;
    arrival.lastMs = now;
    const delay = Math.min(longestDelayMs, Math.max(0, Math.round(now - arrival.at)));
    this.#delays[delay] = (this.#delays[delay] ?? 0) + 1;
  }

  report(): Arrivals {
    const messages = [...this.#arrivals.values()].filter((arrival) => arrival !== null);
    return { messages: messages.map((arrival) => ({ ...arrival })), delays: [...this.#delays] };
  }
}
