import { runInBackground } from '../background.ts';
import { ignoreUnavailable, type Backend } from '../backend/backend.ts';
import type { LastTick } from '../backend/ticks.ts';
import { parseServerMessage, type InitialState, type Tick, type ZoneOffsets } from '../protocol.ts';
import { staleAfterMs } from '../time/grid.ts';
import { zoneOffsets } from '../time/zone-transitions.ts';

/** Requests for the initial state read a channel at most this often; ticks, which only need its interval, less often. */
const readEveryMs = 1_000;
const readIntervalEveryMs = 10_000;
/** Until the first tick of a channel. */
const defaultIntervalMs = 500;

export interface LastMessagesOptions {
  backend: Pick<Backend, 'ticks' | 'time' | 'outage'>;
}

/** The last message of each channel that this process has received or read. */
export class LastMessages {
  readonly #options: LastMessagesOptions;
  readonly #received = new Map<string, Tick>();
  /** What the backend stores, with the monotonic time in ms when it was read. */
  readonly #cached = new Map<string, { tick: LastTick; readAt: number }>();
  #expired = 0;

  constructor(options: LastMessagesOptions) {
    this.#options = options;
  }

  /** The number of ticks that arrived too late to be sent, so far. */
  get expired(): number {
    return this.#expired;
  }

  /** Accepts a frame from the backend. Null if it is not a tick, or is too old to send, as after the process was paused. */
  accept(frame: Uint8Array): Tick | null {
    const message = parseServerMessage(Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength).toString('utf8'));
    if (message === null || !('tick' in message)) return null;
    const { tick } = message;
    this.#received.set(tick.channel, tick);
    const cached = this.#cached.get(tick.channel);
    // The expiry and the interval are needed even if no client requests the initial state.
    if (cached === undefined || performance.now() - cached.readAt > readIntervalEveryMs) {
      runInBackground(this.#read(tick.channel));
    }
    const expiryMs = cached === undefined ? Infinity : cached.tick.expiresAt - cached.tick.at;
    if (this.#options.backend.time.now() - tick.at <= expiryMs) return tick;
    this.#expired += 1;
    return null;
  }

  /** The age of a channel's last tick, ms; null before the first. */
  ageMs(channel: string): number | null {
    const tick = this.#received.get(channel);
    return tick === undefined ? null : this.#options.backend.time.now() - tick.at;
  }

  /** The interval of a channel, ms; null before the first tick. */
  intervalMs(channel: string): number | null {
    return this.#cached.get(channel)?.tick.everyMs ?? null;
  }

  /** Whether screens must not show the channel's last tick as the present. True before the first tick. */
  isStale(channel: string): boolean {
    const ageMs = this.ageMs(channel);
    const intervalMs = this.intervalMs(channel) ?? defaultIntervalMs;
    return ageMs === null || this.#options.backend.outage !== null || ageMs > staleAfterMs(intervalMs);
  }

  /** The initial state of a channel, except for what the caller adds. During an outage: the last known one, as stale. */
  async state(channel: string): Promise<Omit<InitialState, 'spread' | 'build'>> {
    const { backend } = this.#options;
    const stored = await this.#read(channel);
    const received = this.#received.get(channel);
    const last = received !== undefined && received.seq > (stored?.seq ?? -1) ? received : stored;
    const intervalMs = stored?.everyMs ?? defaultIntervalMs;
    const now = backend.time.now();
    return {
      current: last?.text ?? null,
      at: last?.at ?? null,
      seq: last?.seq ?? null,
      channel,
      ...offsetsOf(stored?.zone, now),
      interval: intervalMs,
      stale: last === undefined || backend.outage !== null || now - last.at > staleAfterMs(intervalMs),
    };
  }

  async #read(channel: string): Promise<LastTick | undefined> {
    const { ticks, outage } = this.#options.backend;
    const cached = this.#cached.get(channel);
    const isFresh = cached !== undefined && performance.now() - cached.readAt < readEveryMs;
    if (outage !== null || isFresh) return cached?.tick;
    const tick = await ticks.last(channel).catch(ignoreUnavailable);
    if (tick === undefined) return cached?.tick;
    if (tick === null) this.#cached.delete(channel);
    else this.#cached.set(channel, { tick, readAt: performance.now() });
    return tick ?? undefined;
  }
}

function offsetsOf(zone: string | undefined, now: number): ZoneOffsets {
  if (zone === undefined) return { zone: null, utcOffsetMs: null, nextUtcOffset: null };
  try {
    return { zone, ...zoneOffsets(zone, now) };
  } catch {
    // A worker may have newer zone data than this process.
    return { zone, utcOffsetMs: null, nextUtcOffset: null };
  }
}
