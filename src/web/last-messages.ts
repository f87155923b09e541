import { runInBackground } from '../background.ts';
import { Unavailable, type Backend, type LastTick } from '../backend/backend.ts';
import { parseServerMessage, type InitialState, type Tick } from '../protocol.ts';
import { staleAfterMs } from '../time/grid.ts';

const readAgainAfterMs = 1_000;
const learnAgainAfterMs = 10_000;
/** Before the first tick nobody has said otherwise. */
const unknown = { zone: 'UTC', everyMs: 500 } as const;

export interface LastMessagesOptions {
  backend: Pick<Backend, 'ticks' | 'time' | 'outage'>;
  channels: readonly string[];
}

/** What each channel said last, as far as this process knows. */
export class LastMessages {
  readonly #options: LastMessagesOptions;
  readonly #ticks = new Map<string, Tick>();
  readonly #stored = new Map<string, { tick: LastTick; readAt: number }>();
  #expired = 0;

  constructor(options: LastMessagesOptions) {
    this.#options = options;
  }

  /** Ticks that came too late to be shown as the present, so far. */
  get expired(): number {
    return this.#expired;
  }

  /** Takes a frame in; null when it is no tick, or too old to be shown as the present: after a pause of this process. */
  accept(frame: Uint8Array): Tick | null {
    const message = parseServerMessage(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('utf8'));
    if (message === null || !('tick' in message)) return null;
    const { tick } = message;
    this.#ticks.set(tick.channel, tick);
    const known = this.#stored.get(tick.channel);
    // The expiry and the interval are needed even if no client requests the initial state.
    if (known === undefined || performance.now() - known.readAt > learnAgainAfterMs)
      runInBackground(this.#read(tick.channel));
    const expiryMs = known === undefined ? Infinity : known.tick.expiresAt - known.tick.at;
    if (this.#options.backend.time.now() - tick.at <= expiryMs) return tick;
    this.#expired += 1;
    return null;
  }

  /** Age of the newest tick of a channel, ms; null before the first. */
  ageMs(channel: string): number | null {
    const tick = this.#ticks.get(channel);
    return tick === undefined ? null : this.#options.backend.time.now() - tick.at;
  }

  /** The interval of a channel, ms; null before the first tick. */
  intervalMs(channel: string): number | null {
    return this.#stored.get(channel)?.tick.everyMs ?? null;
  }

  /** Whether screens must not show the channel's last tick as the present. True before the first tick. */
  isStale(channel: string): boolean {
    const ageMs = this.ageMs(channel);
    const intervalMs = this.intervalMs(channel) ?? unknown.everyMs;
    return ageMs === null || this.#options.backend.outage !== null || ageMs > staleAfterMs(intervalMs);
  }

  /** All of the initial state but what the caller knows. While the backend is away: what was known, as stale. */
  async state(channel: string): Promise<Omit<InitialState, 'spread' | 'build'>> {
    const { backend } = this.#options;
    const stored = await this.#read(channel);
    const heard = this.#ticks.get(channel);
    const newest = heard !== undefined && heard.seq > (stored?.seq ?? -1) ? heard : stored;
    const everyMs = stored?.everyMs ?? unknown.everyMs;
    return {
      current: newest?.text ?? null,
      at: newest?.at ?? null,
      seq: newest?.seq ?? null,
      channel,
      zone: stored?.zone ?? unknown.zone,
      interval: everyMs,
      stale: newest === undefined || backend.outage !== null || backend.time.now() - newest.at > staleAfterMs(everyMs),
    };
  }

  async #read(channel: string): Promise<LastTick | undefined> {
    const { ticks, outage } = this.#options.backend;
    const known = this.#stored.get(channel);
    if (outage !== null || (known !== undefined && performance.now() - known.readAt < readAgainAfterMs))
      return known?.tick;
    try {
      const tick = await ticks.last(channel);
      if (tick === null) this.#stored.delete(channel);
      else this.#stored.set(channel, { tick, readAt: performance.now() });
      return tick ?? undefined;
    } catch (error) {
      if (error instanceof Unavailable) return known?.tick;
      throw error;
    }
  }
}
