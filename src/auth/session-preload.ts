import { runInBackground } from '../background.ts';
import { Unavailable, type Backend } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import { PreloadReader } from './preload-reader.ts';
import type { PreloadedRecord, PreloadedRecords } from './preloaded-records.ts';
import type { OpenedRecord } from './session-message.ts';
import type { Session } from './session.ts';

const defaultMaxRecords = 20_000;
/** Most screens have reconnected by then. It is also how long a record is trusted without being read again. */
const keptForMs = 60_000;
/** One read serves all sessions that were opened within this time. A page needs longer before its socket. */
const openedEveryMs = 25;

/** What has ended or changed while records are read. */
interface Changes {
  jtis: Set<string>;
  accounts: Set<string>;
}

/**
 * Reads the records of sessions before a request needs them, and forgets them within two minutes: of those that were used
 * last, before the process serves, since all screens reconnect after a restart; and of each session, token and link that
 * is created in another process. A handshake whose record is known is answered in the turn in which it arrives, which
 * takes a third of the CPU.
 */
export class SessionPreload implements Service, PreloadedRecords {
  readonly name = 'session preload';
  readonly #backend: Pick<Backend, 'outage' | 'records' | 'time'>;
  readonly #maxRecords: number;
  readonly #reader: PreloadReader;
  /** By `jti`. */
  readonly #records = new Map<string, PreloadedRecord>();
  /** One for each read in progress, since it began. */
  readonly #reads = new Set<Changes>();
  #opened: OpenedRecord[] = [];
  #isComplete = false;
  #isStopped = true;
  #expiry: NodeJS.Timeout | undefined;
  #openedTimer: NodeJS.Timeout | undefined;

  constructor(backend: Pick<Backend, 'outage' | 'records' | 'time'>, maxRecords = defaultMaxRecords) {
    this.#backend = backend;
    this.#maxRecords = maxRecords;
    this.#reader = new PreloadReader(backend);
  }

  /** Resolves when the records are read. During an outage they are read when it ends. */
  async start(): Promise<void> {
    this.#isStopped = false;
    await this.#readLatest();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#expiry);
    clearTimeout(this.#openedTimer);
    this.#records.clear();
  }

  take({ jti, kind, recordId }: Session): PreloadedRecord | undefined {
    const found = this.#records.get(jti);
    this.#records.delete(jti);
    return found?.kind === kind && found.id === recordId ? found : undefined;
  }

  onOpened(opened: OpenedRecord): void {
    if (this.#isStopped || this.#records.size + this.#opened.length >= this.#maxRecords) return;
    this.#opened.push(opened);
    this.#openedTimer ??= setTimeout(() => runInBackground(this.#readOpened()), openedEveryMs);
  }

  forget(jti: string): void {
    for (const { jtis } of this.#reads) jtis.add(jti);
    this.#records.delete(jti);
  }

  forgetAccount(id: string): void {
    for (const { accounts } of this.#reads) accounts.add(id);
    for (const [jti, found] of this.#records) if (accountOf(found) === id) this.#records.delete(jti);
  }

  onGap(): void {
    this.#reads.clear();
    this.#records.clear();
    if (!this.#isComplete && !this.#isStopped) runInBackground(this.#readLatest());
  }

  async #readLatest(): Promise<void> {
    this.#isComplete = await this.#add(this.#reader.latest(this.#maxRecords));
  }

  async #readOpened(): Promise<void> {
    const opened = this.#opened;
    this.#opened = [];
    this.#openedTimer = undefined;
    await this.#add(this.#reader.opened(opened));
  }

  /** Adds what is read, except for what ends or changes at the same time. Resolves to false if not all was read. */
  async #add(pages: AsyncIterable<PreloadedRecord[]>): Promise<boolean> {
    // Without an outage the process receives every message, so it misses nothing that ends from now on.
    if (this.#backend.outage !== null) return false;
    const changes: Changes = { jtis: new Set(), accounts: new Set() };
    this.#reads.add(changes);
    try {
      for await (const page of pages) {
        if (!this.#reads.has(changes) || this.#isStopped) return false;
        for (const found of page) {
          const hasChanged = changes.jtis.has(found.record.jti) || changes.accounts.has(accountOf(found));
          if (!hasChanged && this.#records.size < this.#maxRecords) this.#records.set(found.record.jti, found);
        }
        this.#expiry ??= setTimeout(() => this.#forgetOld(), keptForMs);
      }
      return true;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      return false;
    } finally {
      this.#reads.delete(changes);
    }
  }

  #forgetOld(): void {
    this.#expiry = undefined;
    const oldest = this.#backend.time.now() - keptForMs;
    for (const [jti, { readAt }] of this.#records) if (readAt <= oldest) this.#records.delete(jti);
    if (this.#records.size > 0) this.#expiry = setTimeout(() => this.#forgetOld(), keptForMs);
  }
}

function accountOf({ record }: PreloadedRecord): string {
  return 'account' in record ? record.account : '';
}
