import { randomUUID } from 'node:crypto';
import { runInBackground } from '../background.ts';
import { Unavailable, type Backend } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import type { RosterView } from '../screens/roster-view.ts';
import { pause } from '../time/pause.ts';
import { alertBody, type AlertBody } from './alert-message.ts';
import { observedScreens } from './condition.ts';
import { Outbox, type Delivery } from './outbox.ts';
import { type Change, type NotifiedCondition, WatchedScreens } from './watched-screens.ts';

const everyMs = 1_000;
const recordId = 'screens';

/** The state that a new leader takes over from the previous one. */
interface StoredAlerts {
  /** The leader that took it over last. Another one, such as a process that was suspended, must not write. */
  leader: string;
  notified: Record<string, NotifiedCondition>;
  /** A message that may not have been delivered. */
  pending: { body: AlertBody; changes: Pick<Change, 'kind' | 'id'>[] } | null;
}

export interface ScreenAlertsOptions {
  backend: Pick<Backend, 'outage' | 'records' | 'time'>;
  view: Pick<RosterView, 'sources'>;
  /** Only the leader sends. */
  isLeader: () => boolean;
  /** How long a screen is dark, wrong or live again before operators are notified. */
  afterMs: number;
  post: (body: AlertBody, stopping: AbortSignal) => Promise<Delivery>;
  log: Logger;
  /** Monotonic, ms. */
  now?: () => number;
}

/** The state of the leader. It is discarded with the lease, since another beat may lead later. */
interface LeaderState {
  id: string;
  watched: WatchedScreens;
  outbox: Outbox;
  pending: StoredAlerts['pending'];
}

/** Sends a message when paired screens and links go dark, become wrong or come back. */
export class ScreenAlerts implements Service {
  readonly name = 'screen alerts';
  readonly #options: Required<ScreenAlertsOptions>;
  readonly #stopping = new AbortController();
  #leading: LeaderState | null = null;
  #hasWarned = false;
  #loop: Promise<void> = Promise.resolve();

  constructor(options: ScreenAlertsOptions) {
    this.#options = { now: () => performance.now(), ...options };
  }

  async start(): Promise<void> {
    this.#loop = this.#run();
    runInBackground(this.#loop);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  /** Checks all screens, and sends the messages that are due. */
  async check(): Promise<void> {
    const { backend, isLeader } = this.#options;
    if (!isLeader()) this.#leading = null;
    if (!isLeader() || backend.outage !== null) return;
    try {
      this.#leading ??= await this.#takeOver();
      await this.#observeAndSend(this.#leading);
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.check();
      await pause(everyMs, this.#stopping.signal);
    }
  }

  async #takeOver(): Promise<LeaderState> {
    const { backend, afterMs, now } = this.#options;
    const id = randomUUID();
    let stored: StoredAlerts = { leader: id, notified: {}, pending: null };
    const takeOver = (before: StoredAlerts): StoredAlerts => (stored = { ...before, leader: id });
    const exists = await backend.records.update('alert', recordId, takeOver);
    if (!exists) await backend.records.create('alert', recordId, stored);
    return {
      id,
      watched: new WatchedScreens(afterMs, stored.notified),
      outbox: new Outbox(stored.pending !== null, now()),
      pending: stored.pending,
    };
  }

  async #observeAndSend(leading: LeaderState): Promise<void> {
    const { backend, view, now } = this.#options;
    const { watched, outbox } = leading;
    watched.observe(observedScreens(await view.sources()), now(), Math.floor(backend.time.now()));
    const changes = watched.due(now());
    if (outbox.next(changes.length > 0, now()) === 'compose') {
      const pending = { body: alertBody(randomUUID(), Math.floor(backend.time.now()), changes), changes };
      // Stored before it is sent, so that a new leader repeats it under the same id.
      if (!(await this.#store(leading, pending))) return;
      leading.pending = pending;
      outbox.onComposed(now());
    }
    if (leading.pending !== null && outbox.next(true, now()) === 'send') await this.#send(leading, leading.pending);
  }

  async #send(leading: LeaderState, { body, changes }: NonNullable<StoredAlerts['pending']>): Promise<void> {
    const { post, log, now } = this.#options;
    const delivery = await post(body, this.#stopping.signal);
    if (this.#stopping.signal.aborted && delivery.kind === 'failed') return;
    const isDone = leading.outbox.onDelivery(delivery, now());
    const fields = { id: body.id, ...(delivery.kind === 'delivered' ? {} : { reason: delivery.reason }) };
    if (!isDone) {
      if (!this.#hasWarned) log.warn(fields, 'the alert webhook did not accept a message; trying again for an hour');
      this.#hasWarned = true;
      return;
    }
    this.#hasWarned = false;
    if (delivery.kind !== 'delivered') log.error(fields, 'an alert was dropped: the webhook did not accept it');
    leading.watched.markNotified(changes);
    leading.pending = null;
    await this.#store(leading, null);
  }

  /** Resolves to false, and discards the state of this leader, if another one has taken over. */
  async #store({ id, watched }: LeaderState, pending: StoredAlerts['pending']): Promise<boolean> {
    const { records } = this.#options.backend;
    const alerts: StoredAlerts = { leader: id, notified: watched.notified, pending };
    let isReplaced = false;
    const exists = await records.update<StoredAlerts>('alert', recordId, ({ leader }) => {
      isReplaced = leader !== id;
      return isReplaced ? null : alerts;
    });
    if (!exists) await records.create('alert', recordId, alerts);
    if (isReplaced) this.#leading = null;
    return !isReplaced;
  }
}
