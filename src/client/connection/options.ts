import type { Command, Show } from '../../protocol.ts';
import type { HouseClockOptions } from '../house-clock.ts';
import type { Schedule } from '../schedule.ts';
import type { Reports, StateResponse, ZoneCheck } from './state.ts';

/** What a `Connection` requires from its platform, and its callbacks. */
export interface ConnectionOptions extends HouseClockOptions, Callbacks {
  openSocket: (events: SocketEvents) => Socket;
  /** Requests `/api/initial_state`. Rejects without a response within `timeoutMs`, or when `cancelled` rejects. */
  fetchState: (timeoutMs: number, cancelled: Promise<never>) => Promise<StateResponse>;
  schedule: Schedule;
  /** For clients that show the zone of the installation. */
  checkZone?: ZoneCheck;
  /** From 0 to 1, as `Math.random`. */
  random: () => number;
  /** The build of this program, which is reported to the server. */
  build: string;
  /** How long after a refusal the session is checked again, ms; by default a random part of the spread. */
  recheckMs?: number;
  /** What operators show besides the time, for clients that receive the channel `show`. Null: nothing. */
  onShow?: (show: Show | null) => void;
  /** A command of an operator. */
  onCommand: (command: Command) => void;
}

type Callbacks = { [Name in keyof Reports]?: (value: Reports[Name]) => void };

/** What a socket reports: `opened` at most once, `closed` last, and nothing before `openSocket` has returned. */
export interface SocketEvents {
  opened(): void;
  /** A text frame. */
  received(text: string): void;
  closed(code: number, reason?: string): void;
}

export interface Socket {
  send(text: string): void;
  close(): void;
}
