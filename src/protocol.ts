/** The messages of `/time/tic/` and of `/api/initial_state`: what web, page and `clock watch` say to each other. */

/** Close codes of the socket (RFC 6455 section 7.4, and 4401 of our own). */
export const closeCode = {
  goingAway: 1001,
  binary: 1003,
  brokenRule: 1008,
  tooLong: 1009,
  tooSlow: 1013,
  sessionEnded: 4401,
} as const;

/** The zone of an installation, with the offset from UTC that the server's zone data gives. */
export interface ZoneOffsets {
  /** Null before the first tick ever. */
  zone: string | null;
  /** Null without a zone, or if the server does not know it. */
  utcOffsetMs: number | null;
  /** The next change of the offset; null if there is none within 400 days. */
  nextUtcOffset: { at: number; utcOffsetMs: number } | null;
}

/** `GET /api/initial_state`: the channel's last tick and what a screen needs to carry on from it. */
export interface InitialState extends ZoneOffsets {
  /** Null, with `at` and `seq`, before the first tick ever. */
  current: string | null;
  at: number | null;
  seq: number | null;
  channel: string;
  /** ms. */
  interval: number;
  stale: boolean;
  /** Over how many ms screens that lost their sockets are to spread their return. */
  spread: number;
  build: string;
}

/** A broadcast: one text of one channel. */
export interface Tick {
  channel: string;
  text: string;
  /** The instant it stands for, epoch ms of house time. */
  at: number;
  /** Per channel; rises and never falls. */
  seq: number;
}

/** The answer to `{"sync":N}`. Stamps are house time, epoch ms with fractions. */
export interface Sync {
  echo: number;
  received: number;
  sent: number;
  /** How far the server's house time may be wrong, ms. */
  error: number;
  spread: number;
  build: string;
}

/** What a screen tells of itself. */
export interface ScreenStatus {
  build: string;
  state: ScreenState;
  offsetMs: number | null;
  errorMs: number | null;
}

const screenStates = ['connecting', 'live', 'stale', 'signed-out'] as const;
export type ScreenState = (typeof screenStates)[number];

/**
 * The frame of a tick, cut where its `seq` belongs: the number is only known inside the step that also stores and
 * publishes it, and that step should not need to know how a frame is built.
 */
export function tickFrameAroundSeq(channel: string, text: string, at: number): [before: string, after: string] {
  const frame = JSON.stringify({ message: { [channel]: text, at }, channel });
  const cut = frame.indexOf('},"channel":');
  return [`${frame.slice(0, cut)},"seq":`, frame.slice(cut)];
}

/** Reads a server's frame; null for what it does not know. */
export function parseServerMessage(text: string): { tick: Tick } | { sync: Sync } | { command: Command } | null {
  const value = parseObject(text);
  if (value === null) return null;
  if (isObject(value['sync'])) return { sync: value['sync'] as unknown as Sync };
  if (isObject(value['command'])) return { command: value['command'] as unknown as Command };
  const { message, channel } = value;
  if (!isObject(message) || typeof channel !== 'string') return null;
  const { [channel]: tickText, at, seq } = message;
  if (typeof tickText !== 'string' || typeof at !== 'number' || typeof seq !== 'number') return null;
  return { tick: { channel, text: tickText, at, seq } };
}

/** What an operator tells a screen to do. */
export interface Command {
  name: string;
  [argument: string]: unknown;
}

/** What a client may say; `ignored` is an object that asks for nothing we know, null is no object at all. */
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
  const { build, state, offsetMs, errorMs } = value;
  const known = screenStates.find((name) => name === state);
  if (typeof build !== 'string' || build.length > 64 || known === undefined) return null;
  return { build, state: known, offsetMs: finiteOrNull(offsetMs), errorMs: finiteOrNull(errorMs) };
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

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
