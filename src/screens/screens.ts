import { newId } from '../auth/sessions.ts';
import type { Records, Stored } from '../backend/backend.ts';
import type { HouseTime } from '../time/house-time.ts';
import { newLinkId } from './link-key.ts';
import { nameKey } from './names.ts';

const dayMs = 86_400_000;
/** A screen's record ends this long after its last use. */
export const screenIdleLifetimeMs = 90 * dayMs;

/** What an operator sets for a screen or a link. */
export interface ScreenSettings {
  name: string;
  group: string | null;
  /** The query of its face, without the question mark; empty for the default face. */
  face: string;
}

/** A paired screen. It belongs to the installation and outlives the account that approved it. Instants are epoch ms. */
export interface ScreenRecord extends ScreenSettings {
  /** The id of its session. */
  jti: string;
  approvedBy: string;
  createdAt: number;
  renewedAt: number;
  expiresAt: number;
  /** Its session was used: the secret of its pairing collects nothing more. */
  wasUsed: boolean;
}

/** A link that any number of players open. Instants are epoch ms. */
export interface LinkRecord extends ScreenSettings {
  jti: string;
  createdAt: number;
  expiresAt: number;
}

export type ScreenKind = 'screen' | 'link';

export interface ScreensOptions {
  records: Records;
  time: HouseTime;
}

/** Who holds a name. It counts while its holder exists, or while it is reserved for a screen that is being paired. */
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

  /** The records of a kind, by id. */
  async list(kind: 'screen'): Promise<Stored<ScreenRecord>[]>;
  async list(kind: 'link'): Promise<Stored<LinkRecord>[]>;
  async list(kind: ScreenKind): Promise<Stored<ScreenRecord | LinkRecord>[]> {
    return this.#options.records.list<ScreenRecord | LinkRecord>(kind);
  }

  /**
   * Takes a name for a screen or a link; false if it is taken. With a lifetime it is a reservation, which lapses by
   * itself; without one it lasts as long as its holder.
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
        // Its holder expired: the name is free.
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

  /** Keeps a screen under a name that was taken for `id`. */
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
    return record;
  }

  /** Makes a link; its id, or null if the name is taken. */
  async addLink(settings: ScreenSettings, lifetimeMs: number): Promise<string | null> {
    const { records, time } = this.#options;
    const id = newLinkId();
    if (!(await this.takeName('link', id, settings.name))) return null;
    const now = time.now();
    const record: LinkRecord = { ...settings, jti: newId(), createdAt: now, expiresAt: now + lifetimeMs };
    await records.create('link', id, record, lifetimeMs);
    return id;
  }

  /** The kind and id of the screen or link of that name or id; null if there is none. */
  async find(nameOrId: string): Promise<{ kind: ScreenKind; id: string; value: ScreenRecord | LinkRecord } | null> {
    const { records } = this.#options;
    for (const kind of ['screen', 'link'] as const) {
      const value = await records.get<ScreenRecord | LinkRecord>(kind, nameOrId);
      if (value !== null) return { kind, id: nameOrId, value };
    }
    const holder = await records.get<NameRecord>('screen-name', nameKey(nameOrId));
    if (holder === null) return null;
    const value = await records.get<ScreenRecord | LinkRecord>(holder.kind, holder.id);
    return value === null ? null : { kind: holder.kind, id: holder.id, value };
  }

  async #exists(kind: ScreenKind, id: string): Promise<boolean> {
    return (await this.#options.records.get(kind, id)) !== null;
  }
}
