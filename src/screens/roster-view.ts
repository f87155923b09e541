import type { Backend } from '../backend/backend.ts';
import type { RosterUpdate } from '../operator-api.ts';
import { entryOf, entrySources, isSameSource, type EntrySource } from './roster-entry.ts';
import type { RosterRow } from './roster-row.ts';
import { ScreenRecords } from './screen-records.ts';
import type { Screens, StoredScreen } from './screens.ts';

const readEveryMs = 1_000;
/** The memory is freed if no request reads the roster for this long. */
const releaseAfterMs = 30_000;
/** Another process may have answered the last request, up to this long before this process read a change. */
const overlapMs = 3_000;

export interface RosterViewOptions {
  backend: Pick<Backend, 'readRoster' | 'records' | 'time'>;
  screens: Pick<Screens, 'list' | 'getMany'>;
  /** Monotonic ms. */
  monotonicNow?: () => number;
}

/** The roster of all web processes. It is read on request, at most once a second. */
export class RosterView {
  readonly #backend: RosterViewOptions['backend'];
  readonly #monotonicNow: () => number;
  readonly #records: ScreenRecords;
  #sources = new Map<string, EntrySource>();
  /** When each entry last changed and when each was removed, house time. */
  readonly #changedAt = new Map<string, number>();
  readonly #removedAt = new Map<string, number>();
  #version = 0;
  /** Changes before this instant are missing. */
  #since = Infinity;
  #reading: Promise<void> | null = null;
  /** Monotonic ms. */
  #readAt = -Infinity;

  constructor({ backend, screens, monotonicNow = () => performance.now() }: RosterViewOptions) {
    this.#backend = backend;
    this.#monotonicNow = monotonicNow;
    this.#records = new ScreenRecords({ records: backend.records, screens, monotonicNow });
  }

  /** What changed since a version of any process; everything if that is null or too old. */
  async changesSince(version: number | null): Promise<RosterUpdate> {
    await this.#read();
    const now = new Date(this.#backend.time.now()).toISOString();
    const from = version === null ? -Infinity : version - overlapMs;
    const isComplete = !(from >= this.#since && from <= this.#version);
    const sources = [...this.#sources.values()];
    const changed = isComplete ? sources : sources.filter(({ key }) => (this.#changedAt.get(key) ?? 0) >= from);
    const removed = [...this.#removedAt].filter(([, at]) => at >= from).map(([key]) => key);
    const entries = changed.map((source) => entryOf(source, now));
    return { version: this.#version, isComplete, entries, removed: isComplete ? [] : removed };
  }

  /** The records of all screens and links, and the ids of those that have an open socket in any process. */
  async screens(): Promise<{ records: ReadonlyMap<string, StoredScreen>; connected: ReadonlySet<string> }> {
    await this.#read();
    const sources = [...this.#sources.values()];
    const connected = new Set(
      sources.flatMap(({ row, screen }) => (row !== null && screen !== null ? [screen.id] : [])),
    );
    return { records: await this.#records.read(), connected };
  }

  /** The sources of all entries. An entry that did not change has the same source as in the last call. */
  async sources(): Promise<EntrySource[]> {
    await this.#read();
    return [...this.#sources.values()];
  }

  /** Frees the memory if no request has read the roster for 30 s. */
  releaseIfUnused(): void {
    if (this.#monotonicNow() - this.#readAt < releaseAfterMs) return;
    this.#records.release();
    this.#sources = new Map();
    this.#changedAt.clear();
    this.#removedAt.clear();
    this.#since = Infinity;
  }

  async #read(): Promise<void> {
    if (this.#reading === null && this.#monotonicNow() - this.#readAt < readEveryMs) return;
    this.#reading ??= this.#update().finally(() => (this.#reading = null));
    await this.#reading;
  }

  async #update(): Promise<void> {
    const screens = await this.#records.read();
    const roster = (await this.#backend.readRoster()) as ReadonlyMap<string, ReadonlyMap<string, RosterRow>>;
    const now = Math.floor(this.#backend.time.now());
    const sources = entrySources(roster, screens, now, (id) => this.#records.markOutdated(id));
    this.#readAt = this.#monotonicNow();
    if (this.#since === Infinity || now < this.#version) this.#since = now;
    this.#version = now;
    for (const [key, source] of sources) {
      const previous = this.#sources.get(key);
      if (previous === undefined || !isSameSource(previous, source)) this.#changedAt.set(key, now);
      this.#removedAt.delete(key);
    }
    for (const key of this.#sources.keys()) {
      if (sources.has(key)) continue;
      this.#changedAt.delete(key);
      this.#removedAt.set(key, now);
    }
    this.#sources = sources;
    this.#forgetRemoved(now);
  }

  /** Clients with a version from before a removal that is forgotten get a complete answer. */
  #forgetRemoved(now: number): void {
    for (const [key, at] of this.#removedAt) {
      if (now - at < releaseAfterMs) break;
      this.#removedAt.delete(key);
      this.#since = Math.max(this.#since, at + 1);
    }
  }
}
