import type { Sessions } from '../auth/sessions.ts';
import { Unavailable, type Records } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import type { HouseTime } from '../time/house-time.ts';
import type { Hub } from './hub.ts';

const lookEveryMs = 500;
/** Open sockets keep their sessions in use: their records are renewed, and looked at, this often. */
const confirmEveryMs = 3_600_000;

export interface SessionMonitorOptions {
  hub: Hub;
  sessions: Sessions;
  records: Records;
  time: HouseTime;
}

/** Sees to it that no socket outlives its session: one that was ended, that expired, or whose record is gone. */
export class SessionMonitor implements Service {
  readonly name = 'session watch';
  readonly #options: SessionMonitorOptions;
  #timer: NodeJS.Timeout | undefined;
  #confirmAt: number;
  #confirming = false;

  constructor(options: SessionMonitorOptions) {
    this.#options = options;
    this.#confirmAt = performance.now() + confirmEveryMs;
  }

  async start(): Promise<void> {
    const { hub, sessions, records } = this.#options;
    sessions.onEnded((jti) => hub.endSession(jti));
    records.subscribe({
      onMessage: () => {},
      onGap: () => {
        this.#confirmAt = 0;
        this.#look();
      },
    });
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { hub, time } = this.#options;
    const now = time.now();
    for (const session of hub.sessions()) if (session.expiresAt <= now) hub.endSession(session.jti);
    if (performance.now() >= this.#confirmAt && !this.#confirming) void this.#confirm();
  }

  async #confirm(): Promise<void> {
    const { hub, sessions } = this.#options;
    this.#confirming = true;
    this.#confirmAt = performance.now() + confirmEveryMs;
    try {
      await sessions.revalidate(hub.sessions());
    } catch (error) {
      this.#confirmAt = 0;
      if (!(error instanceof Unavailable)) throw error;
    } finally {
      this.#confirming = false;
    }
  }
}
