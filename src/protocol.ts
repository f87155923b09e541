/** The messages of `/time/tic/` and `/api/initial_state` between web and its clients: the page and `clock watch`. */

/** Close codes of the socket: those of RFC 6455, section 7.4.1, and 4401, which is private to this protocol. */
export const closeCode = {
  goingAway: 1001,
  binary: 1003,
  brokenRule: 1008,
  tooLong: 1009,
  tooSlow: 1013,
  sessionEnded: 4401,
} as const;

/** The reason of a 4401 after which a client asks at once: its credential may still be good, or have been renewed. */
export const recheckReason = 'recheck';

/**
 * The response of `GET /api/initial_state`: the last tick of the channel and what a screen needs to continue from it.
 */
export interface InitialState extends ZoneOffsets {
  /** `current`, `at` and `seq` are null before the first tick. */
  current: string | null;
  at: number | null;
  seq: number | null;
  channel: string;
  /** Interval of the channel, ms. */
  interval: number;
  stale: boolean;
  /** Screens that lost their sockets reconnect at a random moment within this time, ms. */
  spread: number;
  build: string;
  /** What operators set for the screen; missing for accounts and tokens, and while it cannot be read. */
  screen?: ScreenInfo;
}

/** The response of `GET /api/initial_state` for a channel without an interval. Published messages never become stale. */
export interface RetainedState extends Omit<InitialState, 'current' | 'interval'> {
  /** The content of the last message. */
  current: unknown;
  interval: null;
}

/** What operators set for a screen or a link. */
export interface ScreenInfo {
  name: string;
  group: string | null;
  /** The query of its face, without the question mark; empty for the default face. */
  face: string;
}

/**
 * The zone of the shown time and its offset from UTC, by the server's zone data. All null before the first tick ever.
 */
export interface ZoneOffsets {
  zone: string | null;
  /** Also null if the server does not have the zone. */
  utcOffsetMs: number | null;
  /** The next change of the offset, at `at` (epoch ms); null if there is none within 400 days. */
  nextUtcOffset: { at: number; utcOffsetMs: number } | null;
}

/** One broadcast text of one channel. */
export interface Tick {
  channel: string;
  text: string;
  /** The instant that the text is for, epoch ms of house time. */
  at: number;
  /** Rises with every tick of the channel, and never falls. */
  seq: number;
}

/** The response to `{"sync":N}`. Timestamps are epoch ms of house time, with fractions. */
export interface Sync {
  /** The N of the request. */
  echo: number;
  received: number;
  sent: number;
  /** Error bound of the server's house time, ms. */
  error: number;
  /** House time is within this of UTC, ms; null while it is not checked. An older server omits it. */
  utcError: number | null;
  /** The server's alarm: house time may be further from UTC than is allowed, or the check no longer works. */
  utcAlarm?: true;
  spread: number;
  build: string;
}

/** What a screen reports about itself. */
export interface ScreenStatus {
  build: string;
  state: ScreenState;
  offsetMs: number | null;
  errorMs: number | null;
  /** The text that the screen computed differs from that of a tick. */
  differs?: boolean;
}

const screenStates = ['connecting', 'live', 'stale', 'signed-out'] as const;
export type ScreenState = (typeof screenStates)[number];

/** The frame of a tick. */
export function tickFrame({ channel, text, at, seq }: Tick): string {
  const { beforeSeq, afterSeq } = tickFrameParts(channel, text, at);
  return `${beforeSeq}${seq}${afterSeq}`;
}

/**
 * The frame of a tick without its `seq`, which goes between the two parts. Redis assigns the number in the script that
 * stores and publishes the frame, and only joins the parts there.
 */
export function tickFrameParts(channel: string, text: string, at: number): { beforeSeq: string; afterSeq: string } {
  const name = JSON.stringify(channel);
  return {
    beforeSeq: `{"message":{${name}:${JSON.stringify(text)},"at":${at},"seq":`,
    afterSeq: `},"channel":${name}}`,
  };
}

/**
 * The frame of a message of a channel without an interval, without its `at` and `seq`. `json` is the content. The frame
 * is `beforeAt`, at, `beforeSeq`, seq and `afterSeq`.
 */
export function messageFrameParts(
  channel: string,
  json: string,
): { beforeAt: string; beforeSeq: string; afterSeq: string } {
  const name = JSON.stringify(channel);
  return { beforeAt: `{"message":{${name}:${json},"at":`, beforeSeq: ',"seq":', afterSeq: `},"channel":${name}}` };
}

/** What faces show besides the time: a message, a countdown or both. */
export interface Show {
  message?: string;
  countdown?: Countdown;
}

/** Counts down to `until`, and over after it, or up from `since`. Instants are epoch ms of house time. */
export type Countdown = CountdownDetails & ({ until: number; since?: never } | { since: number; until?: never });

interface CountdownDetails {
  label?: string;
  /** Only with `until`: the remaining times, in ms, from which on a warning is shown; descending. */
  warnAt?: readonly number[];
}

/** A message of the channel `show`. Null: nothing. The newest arrival counts, also with a lower `seq`. */
interface ShowMessage {
  show: Show | null;
  at: number;
  seq: number;
}

type ServerMessage = { tick: Tick } | { sync: Sync } | { command: Command } | { show: ShowMessage };

/** Parses a frame of the server; null if it is of an unknown kind. */
export function parseServerMessage(text: string): ServerMessage | null {
  const value = parseObject(text);
  if (value === null) return null;
  if (isObject(value['sync'])) return { sync: value['sync'] as unknown as Sync };
  if (isObject(value['command'])) return { command: value['command'] as unknown as Command };
  const { message, channel } = value;
  if (!isObject(message) || typeof channel !== 'string') return null;
  const { [channel]: content, at, seq } = message;
  if (typeof at !== 'number' || typeof seq !== 'number') return null;
  if (channel === 'show') return isShow(content) ? { show: { show: content, at, seq } } : null;
  return typeof content === 'string' ? { tick: { channel, text: content, at, seq } } : null;
}

function isShow(value: unknown): value is Show | null {
  return value === null || isObject(value);
}

/** An instruction of an operator to a screen. */
export type Command =
  /** Shows the screen's name for a moment. */
  | { name: 'identify'; text: string }
  | { name: 'rename'; screen: string; group: string | null }
  | { name: 'face'; query: string }
  | { name: 'reload' };

/** A message of a client: `ignored` is an object of an unknown kind, null is not an object. */
export type ClientMessage = { sync: number } | { status: ScreenStatus } | 'ignored' | null;

export function parseClientMessage(text: string): ClientMessage {
  const value = parseObject(text);
  if (value === null) return null;
  if (typeof value['sync'] === 'number' && Number.isFinite(value['sync'])) return { sync: value['sync'] };
  const status = parseStatus(value['status']);
  return status === null ? 'ignored' : { status };
}

function parseStatus(value: unknown): ScreenStatus | null {
  if (!isObject(value)) return null;
  const { build, state, offsetMs, errorMs, differs } = value;
  const known = screenStates.find((name) => name === state);
  if (typeof build !== 'string' || !/^[\w.+-]{1,64}$/.test(build) || known === undefined) return null;
  const status = { build, state: known, offsetMs: finiteOrNull(offsetMs), errorMs: boundOrNull(errorMs) };
  return differs === true ? { ...status, differs } : status;
}

/** Null also for a negative number, which cannot be an error bound. */
function boundOrNull(value: unknown): number | null {
  const number = finiteOrNull(value);
  return number !== null && number >= 0 ? number : null;
}

function finiteOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Whether a value that was parsed as JSON is an object. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
