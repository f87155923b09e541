import type { ConnectionOptions } from '../client/connection/options.ts';
import { Connection } from '../client/connection/shell.ts';
import { Painter } from '../client/painter.ts';
import { schedule } from '../client/schedule.ts';
import { fetchState, socketAddress, socketOf } from '../client/wire.ts';
import { UserError } from '../lifecycle.ts';
import type { ScreenState, ZoneOffsets } from '../protocol.ts';
import { isZone, Zone } from '../time/zone.ts';
import { wallClockAt } from '../time/zone-offset.ts';
import { TerminalFace, type Output, type Reading } from './terminal-face.ts';

const onceWithinMs = 10_000;
/** A server that restarts may refuse a token for a moment. */
const recheckMs = 2_000;

export interface WatchOptions {
  /** Of the installation. */
  url: string;
  /** A bearer token. */
  token: string;
  build: string;
  /** Ends with the first second that is right. */
  once: boolean;
  asJson: boolean;
  output: Output;
  hasColor: boolean;
  stopping: AbortSignal;
}

/**
 * Shows the time of an installation until `stopping`, on the page's own connection and flywheel. Throws a `Failure`
 * when the token is not, or no longer, good, or when `once` got no right second in time.
 */
export async function watch(options: WatchOptions): Promise<void> {
  const { output, asJson, hasColor, once, stopping } = options;
  const base = installationAt(options.url);
  const face = new TerminalFace({ output, asJson, hasColor });
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>();
  let shown: number | null = null;
  let zone: ZoneOffsets | null = null;

  const reading = (): Reading => {
    const { state, house } = connection;
    const errorMs = house.errorMs === null ? null : house.errorMs + painter.latenessMs;
    const time = shown === null || zone === null ? null : timeOf(zone, shown);
    return { at: shown, time, zone: zone?.zone ?? null, state, errorMs, offsetMs: house.offsetMs };
  };
  const show = (): void => {
    const { state, time } = reading();
    if (once && (state !== 'live' || time === null)) return;
    face.show(reading());
    // What could not be written is told in the next tick.
    if (once) setImmediate(end);
  };
  const connection = new Connection({
    ...programOf(base, options),
    onFresh: (isFresh) => {
      if (isFresh) painter.start();
      else painter.stop();
    },
    onState: (state: ScreenState) => {
      show();
      if (state === 'signed-out') fail(new UserError('the server does not take this token: issue another', 1));
    },
    onZone: (offsets) => (zone = offsets),
  });
  const painter = new Painter({
    house: connection.house,
    now: () => performance.now(),
    schedule,
    // A terminal has no frames: the next millisecond will do.
    requestFrame: (run) => schedule(() => run(performance.now()), 1),
    look: () => connection.detectClockJump(),
    paint: (instant) => {
      shown = instant;
      if (connection.state === 'live') show();
      connection.onDrawn();
    },
  });

  output.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // Nobody reads any more: the other end of a pipe is gone.
    if (code === 'EPIPE') end();
    else fail(new UserError(`the time cannot be written: ${message}`, 1));
  });
  stopping.addEventListener('abort', () => end(), { once: true });
  const late = once
    ? setTimeout(() => fail(new UserError(`no time from ${base.origin} within 10 s`, 1)), onceWithinMs)
    : undefined;
  connection.start();
  try {
    await ended;
  } finally {
    clearTimeout(late);
    painter.stop();
    connection.stop();
    face.end();
  }
}

/** `15:03:27`, by the server's zone data; null while the offset is unknown. Older servers send the zone's name alone. */
function timeOf(zone: ZoneOffsets, instant: number): string | null {
  const wallClock = wallClockAt(zone, instant);
  if (wallClock !== null) return new Date(wallClock).toISOString().slice(11, 19);
  return zone.zone !== null && isZone(zone.zone) ? new Zone(zone.zone).timeOf(instant) : null;
}

function installationAt(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UserError(`watch: ${JSON.stringify(text)} must be an address such as https://clock.example.org`);
  }
  return url;
}

function programOf(
  base: URL,
  { token, build }: WatchOptions,
): Omit<ConnectionOptions, 'onFresh' | 'onState' | 'onZone'> {
  const headers = { Authorization: `Bearer ${token}` };
  return {
    openSocket: (events) => socketOf(new WebSocket(socketAddress(base), { headers }), events),
    fetchState: (timeoutMs, signal) => fetchState(base, timeoutMs, { headers, signal }),
    recheckMs,
    now: () => performance.now(),
    wall: Date.now,
    random: Math.random,
    schedule,
    build,
    onBuild: () => {},
  };
}
