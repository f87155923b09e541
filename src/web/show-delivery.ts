import type { Session } from '../auth/session.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { Publication } from '../backend/publications.ts';
import type { Records } from '../backend/records.ts';
import { showChannel } from '../channels/channel-names.ts';
import type { RetainedMessages } from '../channels/retained-messages.ts';
import { hasEnded, isNothing, slotOf, targetOf, type ShowTarget } from '../channels/shows.ts';
import type { Service } from '../lifecycle.ts';
import { messageFrameParts } from '../protocol.ts';
import { parseScreenMessage } from '../screens/screen-message.ts';
import { isScreenKind } from '../screens/screens.ts';
import type { HouseTime } from '../time/house-time.ts';
import { stateOf, topicOfSlot, type Hub, type Socket } from './hub.ts';

/** The longest delay of a timer, ms. */
const maxDelayMs = 2 ** 31 - 1;
const noGroup = 'show/no-group';

export interface ShowDeliveryOptions {
  hub: Pick<Hub, 'publishMessage' | 'send' | 'sessions' | 'socketsOf'>;
  sessions: Pick<Sessions, 'onChanged' | 'setGroup'>;
  records: Pick<Records, 'subscribe'>;
  retained: Pick<RetainedMessages, 'get' | 'onMessage' | 'onForgotten'>;
  time: Pick<HouseTime, 'now'>;
}

/** A message of the channel `show` that a reader gets. */
type Shown = Pick<Publication, 'at' | 'seq' | 'frame'>;

/**
 * Sends each socket of the channel `show` what its reader is to show: what is set for its screen, else for its group,
 * else for everybody. A socket is subscribed to the topic of its group, unless something is set for its screen.
 */
export class ShowDelivery implements Service {
  readonly name = 'show delivery';
  readonly #options: ShowDeliveryOptions;
  /** The groups of all readers so far in this process. */
  readonly #groups = new Set<string>();
  /** By slot: when its show ends, and the `seq` of the show. */
  readonly #ends = new Map<string, Publication>();
  /** Sent if nothing is set: the latest change of any target. */
  #nothing: Shown | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: ShowDeliveryOptions) {
    this.#options = options;
  }

  /** Must be called before the retained messages are read. */
  async start(): Promise<void> {
    const { sessions, records, retained } = this.#options;
    retained.onMessage((publication) => this.#onMessage(publication));
    retained.onForgotten((publication) => this.#onForgotten(publication));
    sessions.onChanged((session) => this.#sendToSession(session.jti));
    records.subscribe({ onMessage: (message) => this.#onScreenMessage(message), onGap: () => {} });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** What a reader is to show; null if nothing was ever shown. */
  shownTo(session: Session): Shown | null {
    const screen = this.#setFor(screenOf(session));
    return screen ?? this.#shownToGroup(session.group ?? null);
  }

  /** Subscribes a socket of the channel, and sends it what its reader is to show. */
  sendTo(socket: Socket): void {
    const state = stateOf(socket);
    const { session } = state;
    const topic = this.#setFor(screenOf(session)) === null ? this.#topicOf(session.group ?? null) : null;
    if (state.showTopic !== topic) {
      if (state.showTopic !== null) socket.unsubscribe(state.showTopic);
      if (topic !== null) socket.subscribe(topic);
      state.showTopic = topic;
    }
    const shown = this.shownTo(session);
    if (shown !== null) this.#options.hub.send(socket, shown.frame);
  }

  #onMessage(publication: Publication): void {
    const target = targetOf(publication.slot);
    if (target === null) return;
    const { slot, at, seq, endsAt } = publication;
    if (endsAt === null) this.#ends.delete(slot);
    else this.#ends.set(slot, publication);
    this.#schedule();
    this.#onChange(target, at, seq);
  }

  /** What was set for a target was cleared while this process was disconnected. */
  #onForgotten({ slot, at, seq }: Publication): void {
    const target = targetOf(slot);
    if (target === null) return;
    this.#ends.delete(slot);
    this.#onChange(target, at, seq);
  }

  #onChange(target: ShowTarget, at: number, seq: number): void {
    const { hub } = this.#options;
    if (at >= (this.#nothing?.at ?? 0)) this.#nothing = nothingAt(at, seq);
    if (target === 'everybody') {
      for (const group of [null, ...this.#groups]) {
        if (group === null || this.#setFor({ group }) === null) this.#publishToGroup(group);
      }
    } else if ('group' in target) {
      this.#publishToGroup(target.group);
    } else {
      for (const session of hub.sessions()) {
        if (isReaderOf(session, target.screen)) this.#sendToSession(session.jti);
      }
    }
  }

  #publishToGroup(group: string | null): void {
    const shown = this.#shownToGroup(group);
    if (shown !== null) this.#options.hub.publishMessage(groupTopic(group), shown.frame);
  }

  #sendToSession(jti: string): void {
    for (const socket of this.#options.hub.socketsOf(jti)) {
      if (stateOf(socket).hasShow) this.sendTo(socket);
    }
  }

  /** Sends a screen that was renamed, or moved to another group, what it must show now. */
  #onScreenMessage(message: string): void {
    if (this.#isStopped) return;
    for (const { to, command } of parseScreenMessage(message).commands ?? []) {
      if (command.name !== 'rename') continue;
      for (const jti of to) {
        this.#options.sessions.setGroup(jti, command.group);
        this.#sendToSession(jti);
      }
    }
  }

  #topicOf(group: string | null): string {
    if (group !== null) this.#groups.add(group);
    return groupTopic(group);
  }

  #shownToGroup(group: string | null): Shown | null {
    const own = group === null ? null : this.#setFor({ group });
    return own ?? this.#setFor('everybody') ?? this.#nothing;
  }

  /** What is set for a target now. */
  #setFor(target: ShowTarget | null): Publication | null {
    const publication = target === null ? undefined : this.#options.retained.get(slotOf(target));
    if (publication === undefined || hasEnded(publication, this.#options.time.now())) return null;
    return isNothing(publication) ? null : publication;
  }

  /** Waits for the next end. */
  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#isStopped || this.#ends.size === 0) return;
    const next = Math.min(...[...this.#ends.values()].map(({ endsAt }) => endsAt ?? Infinity));
    const delayMs = Math.min(maxDelayMs, Math.max(1, Math.ceil(next - this.#options.time.now())));
    this.#timer = setTimeout(() => this.#onEnd(), delayMs);
  }

  #onEnd(): void {
    const now = this.#options.time.now();
    for (const [slot, publication] of this.#ends) {
      if (!hasEnded(publication, now)) continue;
      this.#ends.delete(slot);
      const target = targetOf(slot);
      if (target !== null) this.#onChange(target, publication.endsAt ?? now, publication.seq);
    }
    this.#schedule();
  }
}

function screenOf({ kind, recordId }: Session): ShowTarget | null {
  return isScreenKind(kind) ? { screen: recordId } : null;
}

function isReaderOf({ kind, recordId }: Session, screen: string): boolean {
  return recordId === screen && isScreenKind(kind);
}

function groupTopic(group: string | null): string {
  return group === null ? noGroup : topicOfSlot(slotOf({ group }));
}

function nothingAt(at: number, seq: number): Shown {
  const { beforeAt, beforeSeq, afterSeq } = messageFrameParts(showChannel, 'null');
  return { at, seq, frame: Buffer.from(`${beforeAt}${at}${beforeSeq}${seq}${afterSeq}`) };
}
