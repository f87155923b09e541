import type { Command, ScreenInfo, ScreenState, Show, Tick, ZoneOffsets } from '../../protocol.ts';
import type { HouseClockOptions } from '../house-clock.ts';
import type { Schedule } from '../schedule.ts';
import type { StateResponse, ZoneCheck } from './state.ts';

/** What a `Connection` needs of its platform, and what it reports. */
export interface ConnectionOptions extends HouseClockOptions {
  openSocket: (events: SocketEvents) => Socket;
  /** Requests `/api/initial_state`; rejects without a response within `timeoutMs`. `signal` cancels the request. */
  fetchState: (timeoutMs: number, signal?: AbortSignal) => Promise<StateResponse>;
  schedule: Schedule;
  /** For clients that show the zone of the installation. */
  checkZone?: ZoneCheck;
  /** From 0 to 1, as `Math.random`. */
  random: () => number;
  /** The build of this program, which the server is initialState. */
  build: string;
  /** How long after a refusal the session is checked again, ms; by default a random part of the spread. */
  recheckMs?: number;
  /** The ticks became fresh or stale: painting may start, or must stop. */
  onFresh: (isFresh: boolean) => void;
  /** Each change of state; the first state is `connecting`. */
  onState: (state: ScreenState) => void;
  /** Each tick, and the last tick in each response, in order of arrival. An older one may follow a newer one. */
  onTick?: (tick: Tick) => void;
  /** The zone of the shown time, and what operators set for a screen, with each response. */
  onZone: (zone: ZoneOffsets, screen?: ScreenInfo) => void;
  /** The build of the server, with each response and sync. */
  onBuild: (build: string) => void;
  /** What operators show besides the time, for clients that receive the channel `show`. Null: nothing. */
  onShow?: (show: Show | null) => void;
  /** A command of an operator. */
  onCommand: (command: Command) => void;
}

/** What a socket reports: `opened` at most once, `closed` last, and nothing before `openSocket` has returned. */
export interface SocketEvents {
  opened(): void;
  /** A text frame. */
  received(text: string): void;
  closed(code: number): void;
}

export interface Socket {
  send(text: string): void;
  close(): void;
}
