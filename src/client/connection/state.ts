import type { InitialState, ScreenInfo, ScreenState, Sync, Tick, ZoneOffsets } from '../../protocol.ts';
import type { HouseReading } from '../house-clock.ts';

/**
 * Everything that the connection knows, except house time. All instants (`...At`) are of the monotonic clock, ms, and
 * `Infinity` means never, unless a comment says otherwise.
 *
 * An instant at which something is due lies in the part of the state that owns it, so it ends with its owner: there is
 * no timer that could outlive a socket, an outage or the connection.
 */
export interface State extends Outage, Staleness {
  phase: Phase;
  /** What the last answer said of the zone; null before the first. */
  zone: ZoneOffsets | null;
  /** When a tick last contradicted that, and the question was planned for it. */
  zoneAskedAt: number;
  /** Refusals of the session in a row: 4401, 401 or 403. The second signs the screen out. */
  refusals: number;
  /** Before the second refusal counts, ms; null: a random part of the spread. */
  readonly recheckMs: number | null;
}

/** The tries of an outage. It begins with the start, or with the loss of a socket that had carried a tick. */
interface Outage {
  /** Waits chosen so far in this outage: n of the next window. */
  tries: number;
  /** `Infinity` while the socket carries ticks. */
  outageSince: number;
  /** The outage began with a close with 1001. */
  isDrained: boolean;
  /** The latest value from the server. */
  spreadMs: number;
  /** The last try got no sign of life: no refusal, no answer, no error. */
  isSilent: boolean;
  /** When waking last set `tries` to 0. */
  soonerAt: number;
}

/** Whether the time may be claimed. */
interface Staleness {
  /** What the screen shows of it now. */
  screen: ScreenState;
  isFresh: boolean;
  /** A screen that never had the time is `connecting`, not `stale`, until then. */
  connectingUntil: number;
  /** The instant that the newest tick stands for; `-Infinity`: no tick proves anything now. */
  tickInstant: number;
  /** When a tick or the answer to a sync last arrived. */
  heardAt: number;
  /** A tick counts for this long, ms. */
  limitMs: number;
  /** When the second now due was last drawn, since the ticks are fresh; `-Infinity`: not yet. */
  drawnAt: number;
  isVisible: boolean;
}

export type Phase = Idle | Offline | Open | SignedOut | Stopped;

/** The phases without an open socket, which are all about when the next request is sent. */
export type Offline = Opening | Waiting | Probing;

/** Before `start`. */
interface Idle {
  name: 'idle';
}

/** A handshake is under way. */
interface Opening {
  name: 'opening';
  startedAt: number;
  /** The answer to the question that led here: the handshake can only be slow, and nothing is asked on opening. */
  told: InitialState | null;
}

/** The socket is open. */
export interface Open {
  name: 'open';
  openedAt: number;
  /** The bucket of the message limit is empty as of then, and fills from then on. */
  emptyAt: number;
  /** When a silent socket is probed with a sync; while `probes` is not 0: when it is lost. */
  livenessAt: number;
  /** Probes without an answer; 2 if the timer was late for the first, whose answer may be queued behind it. */
  probes: number;
  /** What syncs echo that were sent and not answered. */
  unanswered: readonly number[];
  /** When the next sync for house time is due, and how many of a burst and of a rough phase are left. */
  syncAt: number;
  burstLeft: number;
  roughLeft: number;
  statusAt: number;
  /** Since the last status, the text of a tick contradicted the known offset. */
  differs: boolean;
  /** When the question for the initial state is due. */
  askAt: number;
  isAsking: boolean;
  /** Of that question in a row. */
  failures: number;
  /** When the first of them failed. */
  failingSince: number;
  /** The house time of the newest tick of this socket, epoch ms. */
  newestTickAt: number | null;
  /** An answer that waits for house time, which tells how old its tick is. */
  told: InitialState | null;
}

/** There is no open socket, and the next try is due at `tryAt`. */
export interface Waiting {
  name: 'waiting';
  tryAt: number;
  next: 'handshake' | 'question';
  /** The server, not the network, asked for this wait: it is not shortened. */
  isOrdered: boolean;
  hangingSince: number;
}

/** There is no open socket, and a question is under way. */
export interface Probing {
  name: 'probing';
  askedAt: number;
  timeoutMs: number;
  /** The start of a handshake that hangs and may still open. */
  hangingSince: number;
}

/** No socket is opened before a question is answered with 200. */
interface SignedOut {
  name: 'signed-out';
  askAt: number;
  /** When the last question was asked. */
  askedAt: number;
}

/** For good: nothing is due, and every event is ignored. */
interface Stopped {
  name: 'stopped';
}

/** A step that is being computed: one reading of every clock when its event happened, and its effects so far. */
export interface Turn extends Moment {
  readonly effects: Effect[];
}

/** When an event happened, and what else a decision needs. */
export interface Moment {
  /** Monotonic, ms. */
  readonly now: number;
  /** From 0 to 1. */
  readonly random: number;
  readonly house: HouseReading;
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
  | { readonly type: 'closed'; readonly code: number; readonly reason?: string | undefined }
  | FrameEvent
  /** Null: there was no answer in time, or none at all. */
  | { readonly type: 'answer'; readonly answer: StateAnswer | null };

/** What an open socket received. */
export type FrameEvent =
  /** A frame of an unknown kind. */
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
  | { readonly type: 'send-status'; readonly state: ScreenState; readonly differs: boolean }
  /** Gives an exchange to the house clock; the event `measured` follows. */
  | { readonly type: 'measure'; readonly sync: Sync; readonly arrivedAt: number }
  /** A new socket may lead to another server: single exchanges of the old one no longer count. */
  | { readonly type: 'condense-house' }
  | { readonly type: 'report-fresh'; readonly isFresh: boolean }
  | { readonly type: 'report-state'; readonly state: ScreenState }
  | { readonly type: 'report-tick'; readonly tick: Tick }
  | { readonly type: 'report-zone'; readonly zone: ZoneOffsets; readonly screen: ScreenInfo | undefined }
  | { readonly type: 'report-build'; readonly build: string };

/** The answer to `GET /api/initial_state`. A redirect and a page count as 401: something wants a sign-in first. */
export interface StateAnswer {
  /** It was a redirect or a page, which no Clock sends. */
  readonly isForeign?: boolean;
  /** 0: there was no answer. */
  readonly status: number;
  /** Of the header `Retry-After`, ms. */
  readonly retryAfterMs: number | null;
  /** Null unless the status is 200 and the body is one of a Clock. */
  readonly state: InitialState | null;
}
