/** The numbers of the connection. All durations are ms. */

/** A handshake that takes longer may hang: requests are sent while it is pending. */
export const handshakeHangsMs = 1_000;
export const handshakeTimeoutMs = 5_000;

/** A handshake needs about four round trips (TCP, TLS, upgrade), and a request on an open connection one. */
export const handshakeRoundTrips = 4;

/** The time limit of a request: normally, and after an attempt that got no reply of any kind. */
export const requestTimeoutMs = 5_000;
export const urgentRequestTimeoutMs = 1_000;

/** The urgent limit applies for this long into an outage: a server that became slow must be reachable, too. */
export const urgentMs = 60_000;

/** The largest backoff window, by the age of the outage; a larger spread takes precedence. */
export function maxBackoffWindowMs(outageMs: number): number {
  if (outageMs < urgentMs) return 700;
  return outageMs < 600_000 ? 4_000 : 15_000;
}

/** Bounds of the spread that a server may send, and its value until then. */
export const minSpreadMs = 500;
export const maxSpreadMs = 8_000;
export const defaultSpreadMs = 500;

/** The first backoff window after a close with 1001: a draining server has already spread its closes. */
export const firstWindowAfterDrainMs = 500;

/** The wait after a close that this client caused: 1003, 1008, 1009, 1013. */
export const clientFaultMs = 15_000;

/** A longer `Retry-After` is cut to this. */
export const maxRetryAfterMs = 3_600_000;

/** Waking, coming online and becoming visible restart the backoff at most once in this time, ... */
export const minWakeIntervalMs = 5_000;
/** ... and abandon an attempt that is at least this old. */
export const oldAttemptMs = 1_000;

/** A session counts as ended after this many refusals in a row. */
export const refusalsToSignOut = 2;

/** A signed-out screen checks this often whether it is signed in again. */
export const signedOutRequestMs = 300_000;

/** A socket that received nothing for this long is probed with a sync, ... */
export const quietMs = 1_300;
/** ... and lost if there is no response within this time, ... */
export const probeTimeoutMs = 700;
/** ... except if the timer fires this late: a response may be queued behind it, so the socket is probed again. */
export const lateTimerMs = 500;

/** A page is not live after this long without a tick or a response to a sync, with or without a socket. */
export const silenceMs = quietMs + probeTimeoutMs;

/** A page is live for this long after the second now due was drawn. */
export const drawnMs = 1_500;

/** After a change of the zone's offset, the next change is requested at a random moment within this time. */
export const zoneChangeMs = 3_600_000;

/** A tick whose text contradicts the known offset leads to a request for the zone, at most once in this time. */
export const zoneMismatchMs = 60_000;

/** A screen reports its state this often. */
export const statusMs = 30_000;

/** A tick that is older than this leads to a sync: it was late, or a clock was set. */
export const lateTickMs = 1_000;

/**
 * The pace of syncs. Each follows the last after a random wait between two bounds:
 *
 *  burst     after waking, a step of a clock, and opening unless house time has settled with an error of at most
 *            `errorMs`: enough samples for a first estimate
 *  refining  after it, if round trips vary by more than `jitterMs` or the error exceeds `errorMs`: `refiningCount` more
 *            samples, at the burst's pace while the message limit allows it
 *  regular   from then on
 */
export const burstCount = 8;
export const burstMs = [50, 100] as const;
export const refiningCount = 24;
export const refiningMs = [600, 800] as const;
export const regularMs = [10_000, 30_000] as const;
export const jitterMs = 5;
export const errorMs = 25;

/** Messages of the limit that are reserved for probes and status reports. */
export const reservedMessages = 3;

/** The maximum number of pending syncs whose responses are accepted. */
export const maxPendingSyncs = 32;
