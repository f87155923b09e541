import type { Session } from '../auth/session.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { KnownChannels } from '../channels/known-channels.ts';
import type { RetainedMessages } from '../channels/retained-messages.ts';
import { targetOf } from '../channels/shows.ts';
import { mayRead } from './channel-access.ts';
import { slotOfTopic, stateOf, topicOfSlot, type Hub, type Socket } from './hub.ts';
import type { ShowDelivery } from './show-delivery.ts';

export interface MessageDeliveryOptions {
  hub: Pick<Hub, 'publishMessage' | 'send' | 'socketsOf'>;
  sessions: Pick<Sessions, 'onChanged'>;
  channels: Pick<KnownChannels, 'getById'>;
  retained: Pick<RetainedMessages, 'get' | 'onMessage'>;
  showDelivery: Pick<ShowDelivery, 'sendTo'>;
}

/** Sends the messages of channels without an interval to the sockets of this process. */
export class MessageDelivery {
  readonly #options: MessageDeliveryOptions;

  constructor(options: MessageDeliveryOptions) {
    this.#options = options;
  }

  start(): void {
    const { hub, sessions, retained } = this.#options;
    retained.onMessage(({ slot, frame }) => {
      if (targetOf(slot) === null) hub.publishMessage(topicOfSlot(slot), frame);
    });
    sessions.onChanged((session) => this.#endForbidden(session));
  }

  /** Sends the last messages of its channels to a new socket. */
  sendLastMessages(socket: Socket): void {
    const { hub, retained, showDelivery } = this.#options;
    if (stateOf(socket).hasShow) showDelivery.sendTo(socket);
    for (const topic of stateOf(socket).topics) {
      const slot = slotOfTopic(topic);
      const last = slot === null ? undefined : retained.get(slot);
      if (last !== undefined) hub.send(socket, last.frame);
    }
  }

  /** The sockets of a session stay open, and receive nothing more of channels that it may not read any more. */
  #endForbidden(session: Session): void {
    const { hub, channels } = this.#options;
    for (const socket of hub.socketsOf(session.jti)) {
      for (const topic of stateOf(socket).topics) {
        const slot = slotOfTopic(topic);
        const record = slot === null ? undefined : channels.getById(slot);
        if (record !== undefined && !mayRead(record, session)) socket.unsubscribe(topic);
      }
    }
  }
}
