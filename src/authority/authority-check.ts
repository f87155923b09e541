import { formatAuthority } from '../addresses.ts';
import { runInBackground } from '../background.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import type { HouseTime } from '../time/house-time.ts';
import { combineBounds } from '../time/ntp/agreement.ts';
import { Alarm, type AlarmReason } from '../time/ntp/alarm.ts';
import { PollSchedule } from '../time/ntp/poll-schedule.ts';
import type { NtpResponse } from '../time/ntp/packet.ts';
import { OffsetEstimate } from '../time/offset.ts';
import { readingAt, utcErrorOf, type AuthorityReading, type UtcBounds } from './authority-reading.ts';
import { queryNtp } from './query-ntp.ts';
import type { NtpServer } from './options.ts';
import { ServerAddresses } from './server-addresses.ts';

const checkScheduleEveryMs = 2_000;
const pauseAfterKissMs = 15 * 60_000;

export interface AuthorityCheckOptions {
  servers: readonly NtpServer[];
  alarmMs: number;
  time: HouseTime;
  log: Logger;
  query?: (server: NtpServer, stopping: AbortSignal) => Promise<NtpResponse>;
  /** Monotonic, ms. */
  now?: () => number;
  random?: () => number;
  schedule?: (run: () => void, delayMs: number) => () => void;
}

interface Source {
  server: NtpServer;
  /** Of UTC minus the monotonic clock. */
  estimate: OffsetEstimate;
  /** Not queried before this instant of the monotonic clock, ms. */
  pausedUntil: number;
  /** Why its last answer did not count; null if it did. */
  problem: string | null;
}

/** Compares house time with NTP servers, and never sets a clock. Logs when an alarm begins and ends. */
export class AuthorityCheck implements Service {
  readonly name = 'ntp';
  readonly #options: Required<AuthorityCheckOptions>;
  readonly #sources: readonly Source[];
  readonly #schedule: PollSchedule;
  readonly #alarm: Alarm;
  readonly #stopping = new AbortController();
  readonly #polls = new Set<Promise<void>>();
  #cancel = (): void => {};

  constructor(options: AuthorityCheckOptions) {
    const addresses = new ServerAddresses();
    const query: Required<AuthorityCheckOptions>['query'] = (server, stopping) => queryNtp(server, stopping, addresses);
    const defaults = { query, now: () => performance.now(), random: Math.random, schedule: runLater };
    this.#options = { ...defaults, ...options };
    const { servers, alarmMs, now, random } = this.#options;
    this.#sources = servers.map((server) => {
      return { server, estimate: new OffsetEstimate(0), pausedUntil: -Infinity, problem: 'no query yet' };
    });
    this.#schedule = new PollSchedule(random);
    this.#alarm = new Alarm(alarmMs, now());
  }

  /** Bounds of UTC minus the monotonic clock, at this instant; null while nothing is known. */
  get utcBounds(): UtcBounds | null {
    const at = this.#options.now();
    const known = this.#sources.flatMap(({ estimate }) => estimate.at(at) ?? []);
    const combined = combineBounds(
      known.map(({ offsetMs, errorMs }) => ({ lowMs: offsetMs - errorMs, highMs: offsetMs + errorMs })),
    );
    return combined === null ? null : { ...combined.bounds, at, isContradiction: combined.isContradiction };
  }

  /** Null while nothing is known. Computed from the current house time at each access. */
  get reading(): AuthorityReading | null {
    const { utcBounds } = this;
    return utcBounds === null ? null : readingAt(utcBounds.at, utcBounds, this.#options.time);
  }

  /** The maximum deviation of house time from UTC, ms; null while it is unknown. */
  get utcErrorMs(): number | null {
    return utcErrorOf(this.reading);
  }

  get alarm(): AlarmReason | null {
    return this.#alarm.reason;
  }

  /** Why the last answers of servers did not count. */
  get problems(): string[] {
    return this.#sources.flatMap(({ server, problem }) => (problem === null ? [] : [`${nameOf(server)}: ${problem}`]));
  }

  async start(): Promise<void> {
    const { time, now, schedule } = this.#options;
    const pollIfDue = (): void => {
      if (this.#schedule.isDue(now(), time.now())) {
        const poll = this.poll().finally(() => this.#polls.delete(poll));
        this.#polls.add(poll);
        runInBackground(poll);
      }
      this.#cancel = schedule(pollIfDue, checkScheduleEveryMs);
    };
    pollIfDue();
  }

  async stop(): Promise<void> {
    this.#cancel();
    this.#stopping.abort();
    await Promise.all(this.#polls);
  }

  /** Queries each server once, except those that demanded a pause. Resolves after all responses, within 2 s. */
  async poll(): Promise<void> {
    const { now } = this.#options;
    const due = this.#sources.filter(({ pausedUntil }) => now() >= pausedUntil);
    await Promise.all(due.map((source) => this.#query(source)));
    if (this.#stopping.signal.aborted) return;
    const isAnswered = due.some(({ problem }) => problem === null);
    const isChanged = this.#alarm.onResult({ now: now(), isAnswered, utcErrorMs: this.utcErrorMs });
    if (isChanged) this.#logAlarm();
  }

  async #query(source: Source): Promise<void> {
    const { query, now } = this.#options;
    const answer = await query(source.server, this.#stopping.signal);
    if (answer.kind === 'time') source.estimate.add(answer.exchange, answer.rootDistanceMs);
    if (answer.kind === 'kiss') source.pausedUntil = now() + pauseAfterKissMs;
    source.problem = problemOf(answer);
  }

  #logAlarm(): void {
    const { log, alarmMs, servers } = this.#options;
    const { reading, alarm, problems } = this;
    const fields = {
      servers: servers.map(nameOf),
      ...(problems.length > 0 ? { problems } : {}),
      ...(reading === null ? {} : { offsetMs: Math.round(reading.offsetMs), boundMs: Math.ceil(reading.boundMs) }),
      alarmMs,
    };
    if (alarm === null) return log.info(fields, 'house time agrees with UTC again');
    if (alarm === 'silence')
      return log.warn(fields, 'house time is not checked: no NTP server gave a usable answer for 30 minutes');
    const contradiction = reading?.isContradiction === true ? '; the NTP servers contradict each other' : '';
    log.warn(fields, `house time may differ from UTC by more than --ntp-alarm${contradiction}`);
  }
}

function problemOf(answer: NtpResponse): string | null {
  if (answer.kind === 'time') return null;
  if (answer.kind === 'refused') return answer.reason;
  return answer.code === 'RATE' ? 'demands a lower rate (RATE)' : `refuses queries (${answer.code})`;
}

function nameOf({ host, port }: NtpServer): string {
  return formatAuthority(host, port);
}

function runLater(run: () => void, delayMs: number): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
