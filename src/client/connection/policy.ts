/** The numbers of the connection. All durations are ms. */

/** A handshake that takes longer than `hangsMs` may be dead: questions are asked meanwhile. It is given up at `giveUpMs`. */
export const handshake = { hangsMs: 1_000, giveUpMs: 5_000 } as const;

/** A handshake needs about four round trips (TCP, TLS, upgrade) where a question on an open connection needs one. */
export const roundTripsOfHandshake = 4;

/** How long a question may take: normally, and after a try that got no sign of life. */
export const questionTimeout = { normalMs: 5_000, afterSilenceMs: 1_000 } as const;

/** After a silent try, questions are short only for this long: a server that has become slow must be reachable again, too. */
export const urgentMs = 60_000;

/** The longest window for a wait, by the age of the outage; a greater spread takes its place. */
export function longestWindowMs(outageMs: number): number {
  if (outageMs < urgentMs) return 700;
  return outageMs < 600_000 ? 4_000 : 15_000;
}

/** Bounds of the spread that a server may ask for, and its value until a server tells one. */
export const spread = { leastMs: 500, mostMs: 8_000, defaultMs: 500 } as const;

/** The first window after a close with 1001: a draining server has already spread its closes. */
export const drainedMs = 500;

/** The wait after a close that blames this client: 1003, 1008, 1009, 1013. */
export const faultMs = 15_000;

/** A longer `Retry-After` is not obeyed. */
export const longestRetryAfterMs = 3_600_000;

/** Waking, coming online and becoming visible retry sooner at most this often, and give up tries that are this old. */
export const sooner = { onceInMs: 5_000, triesOlderThanMs: 1_000 } as const;

/** A session counts as ended after this many refusals in a row. */
export const refusalsToSignOut = 2;

/** A signed-out screen asks this often whether it is signed in again. */
export const signedOutMs = 300_000;

/**
 * A socket that received nothing for `quietMs` is probed with a sync, and lost if that is not answered within
 * `answerMs`. If the timer fires more than `lateMs` late, answers may be queued behind it: the socket is probed again.
 */
export const liveness = { quietMs: 1_300, answerMs: 700, lateMs: 500 } as const;

/** The time is no longer claimed after this long without a tick or an answer, whether or not there is a socket. */
export const silenceMs = liveness.quietMs + liveness.answerMs;

/** The time is claimed for this long after the second now due was drawn. */
export const drawnMs = 1_500;

/** After a change of the zone's offset the next one is asked for within this time, at random. */
export const zoneChangeMs = 3_600_000;

/** A tick whose text contradicts the known offset makes the screen ask for the zone, at most this often. */
export const zoneMismatchMs = 60_000;

/** A screen reports its state this often. */
export const statusMs = 30_000;

/** A tick that is further than this from the present makes the screen ask for house time: it was late, or a clock was set. */
export const lateTickMs = 1_000;

/**
 * How syncs follow each other, each after a random wait between two bounds:
 *
 *  burst    after opening, waking and a step of a clock: enough samples for a first estimate
 *  rough    after it, if round trips vary by more than `jitterMs` or the error exceeds `errorMs`: `roughCount` more
 *           samples, at the burst's pace while the message limit allows it
 *  regular  from then on
 */
export const burstCount = 8;
export const burstMs = [50, 100] as const;
export const roughCount = 24;
export const roughMs = [600, 800] as const;
export const regularMs = [10_000, 30_000] as const;
export const jitterMs = 5;
export const errorMs = 25;

/** Messages of the limit that are left for what cannot wait: probes and status reports. */
export const reservedMessages = 3;

/** Syncs without an answer that are remembered. */
export const unansweredSyncs = 32;
