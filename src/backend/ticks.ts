/** How long a lease lasts after it was acquired or renewed, ms. */
export const leaseMs = 1_000;
/** The maximum number of jobs in the queue. */
export const maxQueuedJobs = 16;

/** One run of a task, for one instant of its grid. Instants are epoch ms of house time. */
export interface Job {
  task: string;
  at: number;
  /** The interval of the task, ms. */
  everyMs: number;
  /** The instant after which the result must not be published. */
  expiresAt: number;
}

/** The latest message of a channel. */
export interface LastTick {
  text: string;
  /** The instant that the text describes, epoch ms of house time. */
  at: number;
  seq: number;
  zone: string;
  everyMs: number;
  /** The instant after which the text must not be sent as the present. */
  expiresAt: number;
}

/**
 * `pushed`: the job is in the queue. `duplicate`: this instant or a later one was pushed before. `not-leader`: the
 * lease belongs to another owner or term, or has ended.
 */
export type PushResult = 'pushed' | 'duplicate' | 'not-leader';

/**
 * `published`: the tick was stored and sent. `expired`: house time is past `expiresAt`. `duplicate`: this instant or a
 * later one was published before.
 */
export type PublishResult = 'published' | 'expired' | 'duplicate';

/**
 * Transports ticks from a beat through a worker to every web process. Each method is one atomic step.
 *
 * Delivery is at most once. A job is lost if its worker dies; the next instant is due within an interval. A subscriber
 * misses what is published while it is disconnected and then receives the last tick of each channel.
 *
 * Each instant of a task passes `push` and `publish` at most once, whatever the number of callers. The exception: after
 * the authority's clock was set back, a stored instant more than one expiry ahead of house time is void.
 */
export interface Ticks {
  /**
   * Acquires or renews the lease for `owner`, for `leaseMs`. Resolves to null while another owner holds it. A new
   * holder's term is greater than all terms before; a renewal keeps the term.
   */
  acquireLease(owner: string): Promise<{ term: number } | null>;
  /** Ends the lease, if it still belongs to this owner and term. */
  releaseLease(owner: string, term: number): Promise<void>;
  /**
   * Renews the lease and adds a job to the queue, if the lease belongs to this owner and term. Above `maxQueuedJobs`
   * drops the oldest job.
   */
  push(job: Job, owner: string, term: number): Promise<PushResult>;
  /**
   * Resolves to the oldest job that has not expired; each job goes to one caller only. Waits for a job, also during an
   * outage. Resolves to null once `signal` is aborted.
   */
  pop(signal: AbortSignal): Promise<Job | null>;
  /**
   * Assigns `seq`, stores the tick as the channel's last and publishes its frame. `seq` is the greater of the last one
   * plus 1 and `at` / 50 rounded down, so it rises even if all stored data is lost.
   */
  publish(job: Job, text: string, zone: string): Promise<PublishResult>;
  /** Resolves to null before the first tick of the channel. */
  last(channel: string): Promise<LastTick | null>;
  /**
   * Calls `deliver` for each frame published on the backend's channels, in order, with the bytes that were sent. After
   * a gap it delivers the last tick of each channel, if that is newer than the previous delivery.
   */
  subscribe(deliver: (channel: string, frame: Uint8Array) => void): void;
  /** The number of expired jobs that `pop` has dropped in this process. */
  readonly expiredJobs: number;
}
