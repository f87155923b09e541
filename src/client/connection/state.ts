import type { InitialState, ScreenInfo, ScreenState, Sync, Tick, ZoneOffsets } from '../../protocol.ts';
import type { HouseReading } from '../house-clock.ts';

/**
 * The state of the connection, except house time. All instants (`...At`) are of the monotonic clock, ms, and
 * `Infinity` means never, unless a comment says otherwise.
 *
 * An instant at which something is due lies in the part of the state that owns it, so it ends with its owner: there is
 * no timer that could outlive a socket, an outage or the connection.
 */
export interface State extends Outage, Staleness {
  phase: Phase;
  /** The zone in the last response; null before the first. */
  zone: ZoneOffsets | null;
  /** When a request was last planned because a tick contradicted the zone. */
  zoneRequestedAt: number;
  /** Refusals of the session in a row: 4401, 401 or 403. The second signs the screen out. */
  refusals: number;
  /** Before the second refusal counts, ms; null: a random part of the spread. */
  readonly recheckMs: number | null;
}

/** The attempts to reconnect. An outage begins with the start, or with the loss of a socket that had carried a tick. */
interface Outage {
  /** Backoffs so far in this outage: n of the next window. */
  attempts: number;
  /** `Infinity` while the socket carries ticks. */
  outageSince: number;
  /** The server drained its sockets: it closed with 1001. */
  isAfterDrain: boolean;
  /** The latest value from the server. */
  spreadMs: number;
  /** The last attempt got no reply of any kind: no refusal, no response, no error. */
  isSilent: boolean;
  /** When waking last set `attempts` to 0. */
  wokenAt: number;
}

/** What determines the state that the screen shows. */
interface Staleness {
  /** The state that the screen shows. */
  screen: ScreenState;
  isFresh: boolean;
  /** A screen that never had the time is `connecting`, not `stale`, until then. */
  connectingUntil: number;
  /** The instant of the newest tick; `-Infinity`: no tick counts now. */
  tickInstant: number;
  /** When a tick or the response to a sync last arrived. */
  receivedAt: number;
  /** A tick is fresh for this long, ms. */
  freshForMs: number;
  /** When the second now due was last drawn, since the ticks are fresh; `-Infinity`: not yet. */
  drawnAt: number;
  isVisible: boolean;
}

export type Phase = Idle | Offline | Open | SignedOut | Stopped;

/** The phases without an open socket, which are all about when the next request is sent. */
export type Offline = Opening | Waiting | Requesting;

/** Before `start`. */
interface Idle {
  name: 'idle';
}

/** A handshake is under way. */
interface Opening {
  name: 'opening';
  startedAt: number;
  /** From the response that led here: the server is reachable, and nothing is requested on opening. */
  initialState: InitialState | null;
}

/** The socket is open. */
export interface Open {
  name: 'open';
  openedAt: number;
  /** The bucket of the message limit is empty as of then, and fills from then on. */
  emptyAt: number;
  /** When a silent socket is probed with a sync; while `probes` is not 0: when it is lost. */
  livenessAt: number;
  /** Probes without a response; 2 if the timer was late for the first, whose response may be queued behind it. */
  probes: number;
  /** The `echo` of each sync that is pending. */
  pendingSyncs: readonly number[];
  /** When the next sync for house time is due, and how many of the burst and of the refining phase are left. */
  syncAt: number;
  burstLeft: number;
  refiningLeft: number;
  statusAt: number;
  /** Since the last status, the text of a tick contradicted the known offset. */
  differs: boolean;
  /** When the request for the initial state is due. */
  requestAt: number;
  isRequesting: boolean;
  /** Failures of that request in a row. */
  failures: number;
  /** When the first of them failed. */
  failingSince: number;
  /** The house time of the newest tick of this socket, epoch ms. */
  newestTickAt: number | null;
  /** A response that waits for house time, which determines the age of its tick. */
  initialState: InitialState | null;
}

/** There is no open socket, and the next attempt is due at `attemptAt`. */
export interface Waiting {
  name: 'waiting';
  attemptAt: number;
  next: 'handshake' | 'request';
  /** The server requires this wait: waking does not shorten it. */
  isMandatory: boolean;
  hangingSince: number;
}

/** There is no open socket, and a request for the initial state is pending. */
export interface Requesting {
  name: 'requesting';
  requestedAt: number;
  timeoutMs: number;
  /** The start of a handshake that hangs and may still open. */
  hangingSince: number;
}

/** No socket is opened before a response is 200. */
interface SignedOut {
  name: 'signed-out';
  requestAt: number;
  /** When the last request was sent. */
  requestedAt: number;
}

/** For good: nothing is due, and every event is ignored. */
interface Stopped {
  name: 'stopped';
}

/** A step that is being computed: one reading of every clock when its event happened, and its effects so far. */
export interface StepContext extends Moment {
  readonly effects: Effect[];
}

/** When an event happened, and what else a decision needs. */
export interface Moment {
  /** Monotonic, ms. */
  readonly now: number;
  /** From 0 to 1. */
  readonly random: number;
  readonly house: HouseReading;
  /** Missing for clients that show no zone. */
  readonly checkZone?: ZoneCheck | undefined;
}

/** Compares a tick of `time` with the known zone, and updates the state. */
export type ZoneCheck = (state: State, open: Open, tick: Tick, context: StepContext) => void;

/** What happened. Events of a socket or request that is no longer current do not occur. */
export type ConnectionEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** Something may be due. */
  | { readonly type: 'time' }
  /** The device came online, woke or became visible. */
  | { readonly type: 'wake' }
  /** The device or the page was suspended, or a clock was set; `hasForgotten`: house time is unknown now. */
  | { readonly type: 'jump'; readonly hasForgotten: boolean }
  | { readonly type: 'visibility'; readonly isVisible: boolean }
  /** The second now due was drawn without an error. */
  | { readonly type: 'drawn' }
  | { readonly type: 'opened' }
  | { readonly type: 'closed'; readonly code: number; readonly reason?: string | undefined }
  | FrameEvent
  /** Null: there was no response in time, or none at all. */
  | { readonly type: 'response'; readonly response: StateResponse | null };

/** What an open socket received. */
export type FrameEvent =
  /** A frame of an unknown kind. */
  | { readonly type: 'other-frame' }
  /** `isContradiction`: it refuted house time, which is unknown now. */
  | { readonly type: 'tick'; readonly tick: Tick; readonly isContradiction: boolean }
  | { readonly type: 'sync'; readonly sync: Sync }
  /** House time was updated by an exchange. `isStepped`: it contradicted what was known; `isNew`: nothing was known. */
  | { readonly type: 'measured'; readonly isStepped: boolean; readonly isNew: boolean };

/** What the shell has to do. At most one socket and one request exist: a new one replaces the previous one. */
export type Effect =
  | { readonly type: 'open-socket' }
  | { readonly type: 'close-socket' }
  | { readonly type: 'request-state'; readonly timeoutMs: number }
  | { readonly type: 'cancel-request' }
  | { readonly type: 'send-sync'; readonly echo: number }
  | { readonly type: 'send-status'; readonly state: ScreenState; readonly differs: boolean }
  /** Gives an exchange to the house clock; the event `measured` follows. */
  | { readonly type: 'measure'; readonly sync: Sync; readonly arrivedAt: number }
  /** A new socket may lead to another server: single exchanges of the old one no longer count. */
  | { readonly type: 'condense-exchanges' }
  | Report;

/** Calls the callback of that name. */
type Report = { [Name in keyof Reports]: { readonly type: Name; readonly value: Reports[Name] } }[keyof Reports];

/** What a connection reports, by the name of the callback. */
export interface Reports {
  /** Whether the ticks are fresh: painting may start, or must stop. */
  onFresh: boolean;
  /** Each change of state; the first state is `connecting`. */
  onState: ScreenState;
  /** Each tick, and the last tick in each response, in order of arrival. An older one may follow a newer one. */
  onTick: Tick;
  /** What operators set for a screen, with each response; before `onZone`. */
  onScreen: ScreenInfo;
  /** The zone of the shown time, with each response. */
  onZone: ZoneOffsets;
  /** The build of the server, with each response and sync. */
  onBuild: string;
}

/** The response to `GET /api/initial_state`. A redirect or a page counts as 401: a proxy requires a sign-in. */
export interface StateResponse {
  /** It was a redirect or a page, which no Clock sends. */
  readonly isForeign?: boolean;
  /** 0: there was no response. */
  readonly status: number;
  /** Of the header `Retry-After`, ms. */
  readonly retryAfterMs: number | null;
  /** Null unless the status is 200 and the body is one of a Clock. */
  readonly state: InitialState | null;
}
