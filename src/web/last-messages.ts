import { Unavailable, type Backend, type LastTick } from '../backend/backend.ts';
import { parseServerMessage, type InitialState, type Tick } from '../protocol.ts';
import { expiryMs, staleAfterMs } from '../time/grid.ts';

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
    // The interval says how old is too old, also where nobody ever asks for the initial state.
    if (known === undefined || performance.now() - known.readAt > learnAgainAfterMs) void this.#read(tick.channel);
    if (this.#options.backend.time.now() - tick.at <= expiryMs(known?.tick.everyMs ?? Infinity)) return tick;
    this.#expired += 1;
    return null;
  }

  /** Age of the newest tick of a channel, ms; null before the first. */
  ageMs(channel: string): number | null {
    const tick = this.#ticks.get(channel);
    return tick === undefined ? null : this.#options.backend.time.now() - tick.at;
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
