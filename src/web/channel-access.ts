import type { Session } from '../auth/session.ts';
import { showChannel } from '../channels/channel-names.ts';
import type { ChannelRecord } from '../channels/channels.ts';
import type { KnownChannels } from '../channels/known-channels.ts';
import { HttpError } from './http-error.ts';

/** A channel that a reader may read: a built-in one, or one that was added. */
export type ReadableChannel = { name: string; record: ChannelRecord | null };

/** Which channels exist, and who may read them. */
export class ChannelAccess {
  readonly #periodic: readonly string[];
  readonly #known: Pick<KnownChannels, 'get'>;

  constructor(periodic: readonly string[], known: Pick<KnownChannels, 'get'>) {
    this.#periodic = periodic;
    this.#known = known;
  }

  /** The channels with these names. Throws a 404 if one is unknown, else a 403 if the reader may not read one. */
  find(names: readonly string[], session: Session): ReadableChannel[] {
    const channels = names.map((name) => this.#find(name));
    const forbidden = channels.find(({ record }) => !mayRead(record, session));
    if (forbidden === undefined) return channels;
    throw new HttpError('forbidden-channel', `Only operators may read the channel ${JSON.stringify(forbidden.name)}.`);
  }

  #find(name: string): ReadableChannel {
    if (this.#periodic.includes(name) || name === showChannel) return { name, record: null };
    const record = this.#known.get(name);
    if (record === undefined) throw unknownChannel(name);
    return { name, record };
  }
}

export function mayRead(record: ChannelRecord | null, session: Session): boolean {
  return record === null || record.readers === 'everyone' || session.isOperator === true;
}

export function unknownChannel(name: string): HttpError {
  return new HttpError('unknown-channel', `There is no channel ${JSON.stringify(name)}.`);
}
