import type { InitialState, ScreenState, Sync, Tick, ZoneOffsets } from '../../protocol.ts';
import type { MessageBucket } from '../message-bucket.ts';
import type { Staleness } from './staleness.ts';
import type { Tries } from './tries.ts';

/**
 * Everything that the connection knows, except house time. All instants (`...At`) are of the monotonic clock, ms.
 *
 * An instant at which something is due lies in the part of the state that owns it, so it ends with its owner: there is
 * no timer that could outlive a socket, an outage or the connection.
 */
export interface State {
  readonly phase: Phase;
  readonly tries: Tries;
  readonly staleness: Staleness;
  /** What the last answer said of the zone; null before the first. */
  readonly zone: ZoneOffsets | null;
  /** When a tick last contradicted that, and the question was planned for it. */
  readonly zoneAskedAt: number;
  /** Refusals of the session in a row: 4401, 401 or 403. The second signs the screen out. */
  readonly refusals: number;
  /** Before the second refusal counts, ms; null: a random part of the spread. */
  readonly recheckMs: number | null;
}

type Phase = Idle | Opening | Open | Waiting | Probing | SignedOut | Stopped;

/** Before `start`. */
interface Idle {
  readonly name: 'idle';
}

/** A handshake is under way. */
export interface Opening {
  readonly name: 'opening';
  readonly handshake: Handshake;
  /** From then on it may be dead; null if a question was answered before: then it can only be slow. */
  readonly hangsAt: number | null;
  /** That answer, which saves the question that follows on opening. */
  readonly told: InitialState | null;
}

export interface Handshake {
  readonly startedAt: number;
  readonly giveUpAt: number;
}

/** The socket is open. */
export interface Open {
  readonly name: 'open';
  readonly openedAt: number;
  readonly bucket: MessageBucket;
  readonly liveness: Liveness;
  /** What syncs echo that were sent and not answered. */
  readonly unanswered: readonly number[];
  readonly pace: Pace;
  readonly statusAt: number;
  readonly question: OpenQuestion;
  /** The house time of the newest tick of this socket, epoch ms. */
  readonly newestTickAt: number | null;
  /** An answer that waits for house time, which tells how old its tick is. */
  readonly told: InitialState | null;
}

/** When the next sync for house time is sent, and how many of a burst and of a rough phase are left. */
export interface Pace {
  readonly nextAt: number;
  readonly burstLeft: number;
  readonly roughLeft: number;
}

type Liveness =
  | { readonly name: 'quiet'; readonly probeAt: number }
  /** `isExtended`: the timer was late once already, and answers may have been queued behind it. */
  | { readonly name: 'probed'; readonly lostAt: number; readonly isExtended: boolean };

/** The question for the initial state while the socket is open. */
type OpenQuestion =
  | { readonly name: 'none' }
  | ({ readonly name: 'planned'; readonly askAt: number } & Failures)
  | ({ readonly name: 'asked' } & Failures);

/** Of one question in a row. `failingSince`: when the first failed. */
interface Failures {
  readonly failures: number;
  readonly failingSince: number | null;
}

/** There is no open socket, and the next try is due at `tryAt`. A handshake that hangs may still open. */
export interface Waiting {
  readonly name: 'waiting';
  readonly tryAt: number;
  readonly next: 'handshake' | 'question';
  /** The server, not the network, asked for this wait: it is not shortened. */
  readonly isOrdered: boolean;
  readonly hanging: Handshake | null;
}

/** There is no open socket, and a question is under way. A handshake that hangs may still open. */
export interface Probing {
  readonly name: 'probing';
  readonly askedAt: number;
  readonly timeoutMs: number;
  readonly hanging: Handshake | null;
}

/** No socket is opened before a question is answered with 200. */
export interface SignedOut {
  readonly name: 'signed-out';
  readonly askAt: number;
  /** When the last question was asked. */
  readonly askedAt: number;
}

/** For good: nothing is due, and every event is ignored. */
interface Stopped {
  readonly name: 'stopped';
}

/** What happened. Events of a socket or question that is no longer the current one do not occur. */
export type ConnectionEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** Something may be due. */
  | { readonly type: 'time' }
  /** The device came online, woke or became visible. */
  | { readonly type: 'wake' }
  /** The device or the page stood still; `hasForgotten`: house time is unknown now. */
  | { readonly type: 'jump'; readonly hasForgotten: boolean }
  | { readonly type: 'visibility'; readonly isVisible: boolean }
  /** The second now due was drawn without an error. */
  | { readonly type: 'drawn' }
  | { readonly type: 'opened' }
  | { readonly type: 'closed'; readonly code: number }
  | FrameEvent
  /** Null: there was no answer in time, or none at all. */
  | { readonly type: 'answer'; readonly answer: StateAnswer | null };

/** What an open socket received. */
export type FrameEvent =
  /** A frame that is neither a tick nor the answer to a sync. */
  | { readonly type: 'other-frame' }
  /** `isContradiction`: it refuted house time, which is unknown now. */
  | { readonly type: 'tick'; readonly tick: Tick; readonly isContradiction: boolean }
  | { readonly type: 'sync'; readonly sync: Sync }
  /** House time took in an exchange. `isStepped`: it contradicted what was known; `isNew`: nothing was known. */
  | { readonly type: 'measured'; readonly isStepped: boolean; readonly isNew: boolean };

/** What the shell has to do. At most one socket and one question exist: opening or asking replaces the one before. */
export type Effect =
  | { readonly type: 'open-socket' }
  | { readonly type: 'close-socket' }
  | { readonly type: 'ask'; readonly timeoutMs: number }
  | { readonly type: 'cancel-question' }
  | { readonly type: 'send-sync'; readonly echo: number }
  | { readonly type: 'send-status'; readonly state: ScreenState }
  /** Gives an exchange to the house clock; the event `measured` follows. */
  | { readonly type: 'measure'; readonly sync: Sync; readonly arrivedAt: number }
  /** A new socket may lead to another server: single exchanges of the old one no longer count. */
  | { readonly type: 'condense-house' }
  | { readonly type: 'report-fresh'; readonly isFresh: boolean }
  | { readonly type: 'report-state'; readonly state: ScreenState }
  | { readonly type: 'report-tick'; readonly tick: Tick }
  | { readonly type: 'report-zone'; readonly zone: ZoneOffsets }
  | { readonly type: 'report-build'; readonly build: string };

/** The answer to `GET /api/initial_state`. A redirect and a page count as 401: something wants a sign-in first. */
export interface StateAnswer {
  /** It was a redirect or a page, which no Clock sends. */
  readonly isForeign?: boolean;
  readonly status: number;
  /** Of the header `Retry-After`, ms. */
  readonly retryAfterMs: number | null;
  /** Null unless the status is 200 and the body is one of a Clock. */
  readonly state: InitialState | null;
}
