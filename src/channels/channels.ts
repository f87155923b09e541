import { newId } from '../auth/new-id.ts';
import type { Backend } from '../backend/backend.ts';
import { channelListRecord, type ChannelList } from '../backend/publications.ts';

export const maxChannels = 100;

/** Who may read a channel. A token reads with the rights of its account, a screen as everyone. */
export const readerGroups = ['everyone', 'operators'] as const;
export type Readers = (typeof readerGroups)[number];

/** A channel without an interval. Its id is never used again. */
export interface ChannelRecord {
  name: string;
  id: string;
  readers: Readers;
  /** Epoch ms of house time. */
  createdAt: number;
}

interface ChannelRecords extends ChannelList {
  channels: readonly ChannelRecord[];
}

export type AddChannelResult = 'added' | 'exists' | 'full';

/** The message to every process that the list of channels changed. */
export interface ChannelMessage {
  channels?: 'changed';
}

const { kind, id: recordId } = channelListRecord;
const changed = JSON.stringify({ channels: 'changed' } satisfies ChannelMessage);

/** The channels without an interval, on which anyone with the right publishes. All are in one record. */
export class Channels {
  readonly #backend: Pick<Backend, 'records' | 'publications' | 'time'>;

  constructor(backend: Pick<Backend, 'records' | 'publications' | 'time'>) {
    this.#backend = backend;
  }

  /** Sorted by name. */
  async list(): Promise<ChannelRecord[]> {
    const stored = await this.#backend.records.get<ChannelRecords>(kind, recordId);
    return (stored?.channels ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** `name` is valid: see `channelNameProblem`. */
  async add(name: string, readers: Readers): Promise<AddChannelResult> {
    const { records, time } = this.#backend;
    const channel: ChannelRecord = { name, id: newId(), readers, createdAt: time.now() };
    let result: AddChannelResult = 'added';
    const change = ({ channels }: ChannelRecords): ChannelRecords | null => {
      result = 'added';
      if (channels.some((other) => other.name === name)) result = 'exists';
      else if (channels.length >= maxChannels) result = 'full';
      return result === 'added' ? { channels: [...channels, channel] } : null;
    };
    const none: ChannelRecords = { channels: [] };
    while (!(await records.updateAndPublish(kind, recordId, change, changed))) {
      await records.create(kind, recordId, none);
    }
    return result;
  }

  /** Removes a channel and its last message. Resolves to false if there is no such channel. */
  async remove(name: string): Promise<boolean> {
    const { records, publications } = this.#backend;
    let removed: ChannelRecord | undefined;
    const change = ({ channels }: ChannelRecords): ChannelRecords | null => {
      removed = channels.find((channel) => channel.name === name);
      return removed === undefined ? null : { channels: channels.filter((channel) => channel !== removed) };
    };
    await records.updateAndPublish(kind, recordId, change, changed);
    if (removed === undefined) return false;
    await publications.forget([removed.id]);
    return true;
  }
}

/** The message, or an empty one if it is about something else. */
export function parseChannelMessage(message: string): ChannelMessage {
  return JSON.parse(message) as ChannelMessage;
}
