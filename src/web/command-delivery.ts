import type { Records } from '../backend/records.ts';
import type { Service } from '../lifecycle.ts';
import { parseScreenMessage, type AddressedCommand } from '../screens/screen-message.ts';
import type { Hub } from './hub.ts';
import type { Spread } from './spread.ts';

export interface CommandDeliveryOptions {
  hub: Pick<Hub, 'socketsOf'>;
  records: Pick<Records, 'subscribe'>;
  spread: Pick<Spread, 'ms'>;
}

/** Sends the commands that any process publishes to the sockets of this one. */
export class CommandDelivery implements Service {
  readonly name = 'command delivery';
  readonly #options: CommandDeliveryOptions;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isStopped = false;

  constructor(options: CommandDeliveryOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#options.records.subscribe({
      onMessage: (message) => {
        if (this.#isStopped) return;
        for (const command of parseScreenMessage(message).commands ?? []) this.#deliver(command);
      },
      // A lost command is not repeated: the settings that it changes are also in the initial state.
      onGap: () => {},
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #deliver({ to, command, isSpread }: AddressedCommand): void {
    const frame = JSON.stringify({ command });
    for (const jti of to) {
      const sockets = [...this.#options.hub.socketsOf(jti)];
      if (isSpread !== true) for (const socket of sockets) socket.send(frame, false);
      else if (sockets.length > 0) this.#deliverLater(jti, frame);
    }
  }

  #deliverLater(jti: string, frame: string): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      for (const socket of this.#options.hub.socketsOf(jti)) socket.send(frame, false);
    }, Math.random() * this.#options.spread.ms);
    this.#timers.add(timer);
  }
}
