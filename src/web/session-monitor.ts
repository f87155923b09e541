import type { Session } from '../auth/session.ts';
import type { Sessions } from '../auth/sessions.ts';
import { runInBackground } from '../background.ts';
import { Unavailable } from '../backend/backend.ts';
import type { Records } from '../backend/records.ts';
import type { Service } from '../lifecycle.ts';
import type { HouseTime } from '../time/house-time.ts';
import { SharedTimer } from '../time/shared-timer.ts';
import type { Housekeeping } from './housekeeping.ts';
import type { Hub } from './hub.ts';

/** Thousands of sockets may be due one after the other: a poll, which walks all of them, takes a twentieth of the time. */
const maxPollShare = 0.05;
const minPollMs = 50;
/** How often the record of a session with an open socket is checked and renewed: the socket counts as use. */
const revalidateEveryMs = 3_600_000;
/** A batch is small enough not to delay the ticks, which share the backend's connection. */
const batchSize = 500;

export interface SessionMonitorOptions {
  hub: Pick<Hub, 'sessions' | 'endDue' | 'endSession'>;
  sessions: Pick<Sessions, 'onEnded' | 'revalidate'>;
  records: Pick<Records, 'subscribe'>;
  time: Pick<HouseTime, 'now'>;
  housekeeping: Pick<Housekeeping, 'add'>;
}

/** Closes the sockets of each session that ends: it was ended, it expired, or its record is missing. */
export class SessionMonitor implements Service {
  readonly name = 'session monitor';
  readonly #options: SessionMonitorOptions;
  /** For what is due before the next run of the housekeeping. */
  readonly #untilDue = new SharedTimer(() => this.#poll());
  #stopPolls = (): void => {};
  /** Monotonic ms. */
  #revalidateAt: number;
  #isRevalidating = false;
  #isStopped = false;

  constructor(options: SessionMonitorOptions) {
    this.#options = options;
    this.#revalidateAt = performance.now() + revalidateEveryMs;
  }

  async start(): Promise<void> {
    const { hub, sessions, records, housekeeping } = this.#options;
    sessions.onEnded((jti) => hub.endSession(jti));
    records.subscribe({
      onMessage: () => {},
      onGap: () => {
        this.#revalidateAt = 0;
        this.#poll();
      },
    });
    this.#stopPolls = housekeeping.add(() => this.#poll());
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopPolls();
    this.#untilDue.clear();
  }

  #poll(): void {
    if (this.#isStopped) return;
    const { hub, time } = this.#options;
    const now = time.now();
    const startedAt = performance.now();
    const untilDueMs = hub.endDue(now) - now;
    const leastMs = Math.max(minPollMs, (performance.now() - startedAt) / maxPollShare);
    this.#untilDue.set(Math.max(leastMs, untilDueMs));
    if (performance.now() >= this.#revalidateAt && !this.#isRevalidating) runInBackground(this.#revalidate());
  }

  async #revalidate(): Promise<void> {
    this.#isRevalidating = true;
    this.#revalidateAt = performance.now() + revalidateEveryMs;
    try {
      for (const batch of batchesOf([...this.#options.hub.sessions()])) {
        if (this.#isStopped) return;
        await this.#options.sessions.revalidate(batch);
      }
    } catch (error) {
      // An outage: the next poll tries again.
      this.#revalidateAt = 0;
      if (!(error instanceof Unavailable)) throw error;
    } finally {
      this.#isRevalidating = false;
    }
  }
}

function* batchesOf(sessions: readonly Session[]): Iterable<readonly Session[]> {
  for (let start = 0; start < sessions.length; start += batchSize) yield sessions.slice(start, start + batchSize);
}
