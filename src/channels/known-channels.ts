import { runInBackground } from '../background.ts';
import type { Records } from '../backend/records.ts';
import type { Service } from '../lifecycle.ts';
import { parseChannelMessage, type ChannelRecord, type Channels } from './channels.ts';
import { RepeatedRead } from './repeated-read.ts';

export interface KnownChannelsOptions {
  records: Pick<Records, 'subscribe'>;
  channels: Pick<Channels, 'list'>;
}

/** This process's copy of the channels without an interval, which messages between the processes update. */
export class KnownChannels implements Service {
  readonly name = 'channels';
  readonly #options: KnownChannelsOptions;
  readonly #read = new RepeatedRead(() => this.#readAll());
  #byName: ReadonlyMap<string, ChannelRecord> = new Map();
  #byId: ReadonlyMap<string, ChannelRecord> = new Map();

  constructor(options: KnownChannelsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#options.records.subscribe({
      onMessage: (message) => {
        if (parseChannelMessage(message).channels === 'changed') runInBackground(this.#read.request());
      },
      onGap: () => runInBackground(this.#read.request()),
    });
    await this.#read.request();
  }

  async stop(): Promise<void> {
    this.#read.stop();
  }

  get(name: string): ChannelRecord | undefined {
    return this.#byName.get(name);
  }

  getById(id: string): ChannelRecord | undefined {
    return this.#byId.get(id);
  }

  async #readAll(): Promise<void> {
    const channels = await this.#options.channels.list();
    this.#byName = new Map(channels.map((channel) => [channel.name, channel]));
    this.#byId = new Map(channels.map((channel) => [channel.id, channel]));
  }
}
