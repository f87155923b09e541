import { maxChannels, type Channels, type Readers } from '../channels/channels.ts';
import { UserError } from '../lifecycle.ts';
import { printList } from './print.ts';

/** The commands of `clock channels`. They throw a `UserError` if they fail. */
export class ChannelCommands {
  readonly #channels: Channels;

  constructor(channels: Channels) {
    this.#channels = channels;
  }

  async add(name: string, readers: Readers): Promise<void> {
    const result = await this.#channels.add(name, readers);
    if (result === 'exists') throw new UserError(`there is a channel ${name} already`, 1);
    if (result === 'full') {
      throw new UserError(`there are ${maxChannels} channels already: remove one first`, 1);
    }
  }

  async list(asJson: boolean): Promise<void> {
    const rows = (await this.#channels.list()).map(({ name, readers, createdAt }) => ({
      name,
      readers,
      created: new Date(createdAt).toISOString(),
    }));
    printList(rows, asJson);
  }

  async remove(name: string): Promise<void> {
    if (!(await this.#channels.remove(name))) throw new UserError(`there is no channel ${name}`, 1);
  }
}
