import type { ConnectionOptions } from '../client/connection/options.ts';
import { Connection } from '../client/connection/shell.ts';
import { checkZone } from '../client/connection/zone-check.ts';
import { Painter } from '../client/painter.ts';
import { schedule } from '../client/schedule.ts';
import { fetchState, socketAddress, socketOf } from '../client/wire.ts';
import { UserError } from '../lifecycle.ts';
import type { ZoneOffsets } from '../protocol.ts';
import { timeTextAt } from './shown-time.ts';
import { TerminalFace, type Output, type Reading } from './terminal-face.ts';
import { type Problem, problemOfResponse, problemOfError } from './watch-problem.ts';

const onceWithinMs = 10_000;
/** A server that is restarting may refuse a valid token for a moment. */
const recheckMs = 2_000;

export interface WatchOptions {
  /** The address of the installation. */
  url: string;
  /** A bearer token. */
  token: string;
  build: string;
  /** Whether to exit after the first second that is shown live. */
  once: boolean;
  asJson: boolean;
  output: Output;
  environment: Readonly<Record<string, string | undefined>>;
  stopping: AbortSignal;
}

/**
 * Shows the time of an installation until `stopping`, over the same connection code as the page. Throws a `UserError`
 * if the server refuses the token, or if `once` is set and no time arrives within 10 s. Prints problems on standard
 * error.
 */
export async function watch(options: WatchOptions): Promise<void> {
  const { output, asJson, once, environment, stopping } = options;
  const base = installationAt(options.url);
  const face = new TerminalFace({ output, asJson, environment });
  const { promise: ended, resolve: end, reject: fail } = Promise.withResolvers<void>();
  let shown: number | null = null;
  let zone: ZoneOffsets | null = null;
  let problem: Problem | null = null;

  const reading = (): Reading => {
    const { state, house, utc } = connection;
    const errorMs = house.errorMs === null ? null : house.errorMs + painter.latenessMs + (utc.errorMs ?? 0);
    const time = shown === null || zone === null ? null : timeTextAt(zone, shown);
    const { offsetMs } = house;
    const reason = state === 'live' ? null : (problem?.reason ?? null);
    return { at: shown, time, zone: zone?.zone ?? null, state, reason, errorMs, utcErrorMs: utc.errorMs, offsetMs };
  };
  const show = (): void => {
    const { state, time } = reading();
    if (once && (state !== 'live' || time === null)) return;
    face.show(reading());
    // A write error is only reported in the next turn of the event loop.
    if (once) setImmediate(end);
  };
  const failWith = (message: string): void => {
    if (asJson || !once) face.show(reading());
    fail(new UserError(message, 1));
  };
  const onProblem = (found: Problem | null): void => {
    const isNew = found !== null && found.reason !== problem?.reason;
    problem = found;
    // A refused token is checked again. Only if it is refused twice does the program end, with this message.
    if (!isNew || found.reason === 'signed-out') return;
    face.interrupt(() => process.stderr.write(`clock: ${found.message}\n`));
    show();
  };
  const connection = new Connection({
    ...programOf(base, options, onProblem),
    onFresh: (isFresh) => {
      if (isFresh) painter.start();
      else painter.stop();
    },
    onState: (state) => {
      if (state === 'live') problem = null;
      if (state === 'signed-out') return failWith(problem?.message ?? 'the server ended this session');
      show();
    },
    onZone: (offsets) => (zone = offsets),
  });
  const painter = new Painter({
    house: connection.house,
    now: () => performance.now(),
    schedule,
    // A terminal has no frames, so the next millisecond replaces the next frame.
    requestFrame: (run) => schedule(() => run(performance.now()), 1),
    detectClockJump: () => connection.detectClockJump(),
    paint: (instant) => {
      shown = instant;
      if (connection.state === 'live') show();
      if (reading().time !== null) connection.onDrawn();
    },
  });

  output.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    // EPIPE: the reader of the pipe has exited.
    if (code === 'EPIPE') end();
    else fail(new UserError(`cannot write the time: ${message}`, 1));
  });
  stopping.addEventListener('abort', () => end(), { once: true });
  const onLate = (): void =>
    failWith(`no time from ${base.origin} within 10 s${problem ? `: ${problem.message}` : ''}`);
  const late = once ? setTimeout(onLate, onceWithinMs) : undefined;
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

function installationAt(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UserError(`URL: ${JSON.stringify(text)} must be an address such as https://clock.example.org`);
  }
  return url;
}

function programOf(
  base: URL,
  { token, build }: WatchOptions,
  onProblem: (problem: Problem | null) => void,
): Omit<ConnectionOptions, 'onFresh' | 'onState' | 'onZone'> {
  const headers = { Authorization: `Bearer ${token}` };
  return {
    openSocket: (events) => socketOf(new WebSocket(socketAddress(base), { headers }), events),
    fetchState: async (timeoutMs, cancelled) => {
      let isCancelled = false;
      cancelled.catch(() => (isCancelled = true));
      try {
        const answer = await fetchState(base, timeoutMs, { headers, cancelled });
        onProblem(problemOfResponse(answer, base.origin));
        return answer;
      } catch (error) {
        if (!isCancelled) onProblem(problemOfError(error, base.origin));
        throw error;
      }
    },
    recheckMs,
    now: () => performance.now(),
    wall: Date.now,
    random: Math.random,
    schedule,
    checkZone,
    build,
    onCommand: () => {},
  };
}
