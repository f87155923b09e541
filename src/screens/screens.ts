import { screenIdleLifetimeMs } from '../auth/session-renewal.ts';
import type { CredentialKind } from '../auth/jwt.ts';
import { newId } from '../auth/new-id.ts';
import type { SessionMessage } from '../auth/session-message.ts';
import type { Records } from '../backend/records.ts';
import type { ScreenInfo } from '../protocol.ts';
import type { HouseTime } from '../time/house-time.ts';
import { newLinkId } from './link-key.ts';
import { nameKey } from './names.ts';
import type { ScreenMessage } from './screen-message.ts';

/** What an operator sets for a screen or a link. */
export type ScreenSettings = ScreenInfo;

/** A paired screen. It belongs to the installation and outlives the account that approved it. Instants are epoch ms. */
export interface ScreenRecord extends ScreenSettings {
  /** The id of its session. */
  jti: string;
  approvedBy: string;
  createdAt: number;
  renewedAt: number;
  expiresAt: number;
  /** Whether its session was used. Then the secret of its pairing collects nothing more. */
  wasUsed: boolean;
  /** When its last socket last sent a message. Stored after that socket was closed; missing before. */
  lastSeenAt?: number;
}

/** A link that any number of players open. Instants are epoch ms. */
export interface LinkRecord extends ScreenSettings {
  jti: string;
  createdAt: number;
  expiresAt: number;
  lastSeenAt?: number;
}

export type ScreenKind = 'screen' | 'link';

/** Whether it is the kind of a paired screen or a link. The other kinds belong to an account. */
export function isScreenKind(kind: CredentialKind): kind is ScreenKind {
  return kind === 'screen' || kind === 'link';
}

const kinds = ['screen', 'link'] as const;

/** A screen or a link, with its id. */
export type StoredScreen =
  | { kind: 'screen'; id: string; value: ScreenRecord }
  | { kind: 'link'; id: string; value: LinkRecord };

export interface ScreensOptions {
  records: Records;
  time: HouseTime;
}

/** The holder of a name. The name is taken while the holder exists, or is reserved for a screen that is being paired. */
interface NameRecord {
  kind: ScreenKind;
  id: string;
  isReserved: boolean;
}

/** The paired screens and the links. Names are unique over both, without case. */
export class Screens {
  readonly #options: ScreensOptions;

  constructor(options: ScreensOptions) {
    this.#options = options;
  }

  async get(id: string): Promise<ScreenRecord | null> {
    return this.#options.records.get<ScreenRecord>('screen', id);
  }

  /** All screens and links. */
  async list(): Promise<StoredScreen[]> {
    const lists = await Promise.all(kinds.map((kind) => this.#options.records.list<ScreenRecord & LinkRecord>(kind)));
    return kinds.flatMap((kind, n) => (lists[n] ?? []).map((stored) => ({ kind, ...stored })));
  }

  /** The screens and links with these ids; missing ones are left out. */
  async getMany(ids: readonly string[]): Promise<StoredScreen[]> {
    const { records } = this.#options;
    const found = await Promise.all(kinds.map((kind) => records.getMany<ScreenRecord & LinkRecord>(kind, ids)));
    return kinds.flatMap((kind, n) =>
      ids.flatMap((id, index) => {
        const value = found[n]?.[index] ?? null;
        return value === null ? [] : [{ kind, id, value }];
      }),
    );
  }

  /**
   * Takes a name for a screen or a link; false if it is taken. With a lifetime it is a reservation, which expires;
   * without one it lasts as long as its holder.
   */
  async takeName(kind: ScreenKind, id: string, name: string, lifetimeMs?: number): Promise<boolean> {
    const { records } = this.#options;
    const key = nameKey(name);
    // A name that is another's id would make `clock screens rename NAME|ID` ambiguous.
    if ((await this.#exists('screen', name)) || (await this.#exists('link', name))) return false;
    const holder: NameRecord = { kind, id, isReserved: lifetimeMs !== undefined };
    for (let attempt = 0; attempt < 2; attempt += 1) {
      if (await records.create('screen-name', key, holder, lifetimeMs)) return true;
      const current = await records.get<NameRecord>('screen-name', key);
      if (current?.id === id) {
        if (await records.update<NameRecord>('screen-name', key, () => holder, lifetimeMs)) return true;
      } else if (current !== null) {
        if (current.isReserved || (await this.#exists(current.kind, current.id))) return false;
        // The record of its holder expired, so the name is free.
        await records.delete('screen-name', key);
      }
    }
    return false;
  }

  /** Frees a name, if `id` holds it. */
  async releaseName(name: string, id: string): Promise<void> {
    const { records } = this.#options;
    const holder = await records.get<NameRecord>('screen-name', nameKey(name));
    if (holder?.id === id) await records.delete('screen-name', nameKey(name));
  }

  /** Stores a screen under a name that was taken for `id`. */
  async add(id: string, settings: ScreenSettings, approvedBy: string): Promise<ScreenRecord> {
    const { records, time } = this.#options;
    const now = time.now();
    const record: ScreenRecord = {
      ...settings,
      jti: newId(),
      approvedBy,
      createdAt: now,
      renewedAt: now,
      expiresAt: now + screenIdleLifetimeMs,
      wasUsed: false,
    };
    await records.create('screen', id, record, screenIdleLifetimeMs);
    await this.#publish({ screens: [id] });
    return record;
  }

  /** Creates a link. Resolves to its id; null if the name is taken. */
  async addLink(settings: ScreenSettings, lifetimeMs: number): Promise<string | null> {
    const { records, time } = this.#options;
    const id = newLinkId();
    if (!(await this.takeName('link', id, settings.name))) return null;
    const now = time.now();
    // Its key names no other id, and a link's id is never used again.
    const record: LinkRecord = { ...settings, jti: id, createdAt: now, expiresAt: now + lifetimeMs };
    await records.create('link', id, record, lifetimeMs);
    await this.#publish({ screens: [id], opened: { kind: 'link', recordId: id, jti: id } });
    return id;
  }

  /** The screen or link of that name or id; null if there is none. */
  async find(nameOrId: string): Promise<StoredScreen | null> {
    const [found] = await this.getMany([nameOrId]);
    if (found !== undefined) return found;
    const holder = await this.#options.records.get<NameRecord>('screen-name', nameKey(nameOrId));
    return holder === null ? null : ((await this.getMany([holder.id]))[0] ?? null);
  }

  /** Resolves to `missing` if the record no longer exists. */
  async rename(screen: StoredScreen, name: string): Promise<'renamed' | 'name-taken' | 'missing'> {
    const { kind, id } = screen;
    if (!(await this.takeName(kind, id, name))) return 'name-taken';
    const previous = await this.set(screen, { name });
    const released = previous === null ? name : previous.name;
    if (previous === null || nameKey(released) !== nameKey(name)) await this.releaseName(released, id);
    return previous === null ? 'missing' : 'renamed';
  }

  /**
   * Changes settings other than the name, or `lastSeenAt`. Resolves to the previous settings; null if the record is
   * missing.
   */
  async set(
    { kind, id, value }: StoredScreen,
    changes: Partial<ScreenSettings & Pick<ScreenRecord, 'lastSeenAt'>>,
  ): Promise<ScreenSettings | null> {
    const { records, time } = this.#options;
    let previous: ScreenSettings | null = null;
    const change = (record: ScreenRecord | LinkRecord): ScreenRecord | LinkRecord => {
      previous = record;
      return { ...record, ...changes };
    };
    const exists = await records.update(kind, id, change, value.expiresAt - time.now());
    return exists ? previous : null;
  }

  /** Removes a screen or a link, frees its name and ends its sessions. */
  async remove({ kind, id, value }: StoredScreen): Promise<void> {
    // `ended`: see `Sessions`.
    const message = JSON.stringify({ ended: [value.jti], screens: [id] });
    await this.#options.records.deleteAndPublish(kind, [id], message);
    await this.releaseName(value.name, id);
  }

  async #publish(message: ScreenMessage & Pick<SessionMessage, 'opened'>): Promise<void> {
    await this.#options.records.publish(JSON.stringify(message));
  }

  async #exists(kind: ScreenKind, id: string): Promise<boolean> {
    return (await this.#options.records.get(kind, id)) !== null;
  }
}
