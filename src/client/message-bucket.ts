/**
 * The messages that a client may send. The server allows 20 at once and 2 a second, by their time of arrival. This
 * side stays below that, so that a network may hold messages back for 2 s and deliver them together.
 */
const capacity = 16;
const refillPerMs = 0.0015;

export interface MessageBucket {
  readonly tokens: number;
  readonly filledAt: number;
}

export function fullBucket(now: number): MessageBucket {
  return { tokens: capacity, filledAt: now };
}

/** Whether one message may be sent at `now` and `reserve` more after it. */
export function canSpend(bucket: MessageBucket, now: number, reserve = 0): boolean {
  return refilled(bucket, now).tokens >= 1 + reserve;
}

/** The bucket after one message; only if `canSpend`. */
export function spend(bucket: MessageBucket, now: number): MessageBucket {
  const { tokens, filledAt } = refilled(bucket, now);
  return { tokens: tokens - 1, filledAt };
}

function refilled({ tokens, filledAt }: MessageBucket, now: number): MessageBucket {
  return { tokens: Math.min(capacity, tokens + (now - filledAt) * refillPerMs), filledAt: now };
}
