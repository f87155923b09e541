import { setImmediate } from 'node:timers/promises';
import { runInBackground } from '../background.ts';
import { Unavailable, type Backend } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import type { PreloadedRecord, PreloadedRecords } from './preloaded-records.ts';
import { readAccounts } from './session-reader.ts';
import type { AccountSecurity, CredentialRecord, Session, SessionRecord } from './session.ts';

const defaultMaxRecords = 20_000;
/** The number of records per read: a longer answer would delay ticks. */
const pageLength = 500;
/** Reading stops after this long, so that a slow backend does not delay the start. */
const maxReadMs = 2_000;
/** Most screens have reconnected by then. It is also how long a record is trusted without being read again. */
const keptForMs = 60_000;
/** Screens first: each has a record of its own, and reconnects by itself. */
const kinds = ['screen', 'session', 'link', 'token'] as const;

/** What has ended or changed while records are read. */
interface Changes {
  jtis: Set<string>;
  accounts: Set<string>;
}

/**
 * Reads the records of the sessions that were used last, before the process serves, and forgets them after a minute. All
 * screens reconnect after a restart. A handshake whose record is known is answered in the turn in which it arrives, which
 * takes a third of the CPU.
 *
 * The expiry of a record tells to a day when it was last used, since each use renews a record that is a day old.
 */
export class SessionPreload implements Service, PreloadedRecords {
  readonly name = 'session preload';
  readonly #backend: Pick<Backend, 'outage' | 'records' | 'time'>;
  readonly #maxRecords: number;
  /** By `jti`. */
  readonly #records = new Map<string, PreloadedRecord>();
  /** Since the read in progress began; null while there is none. */
  #changes: Changes | null = null;
  #isComplete = false;
  #isStopped = true;
  #expiry: NodeJS.Timeout | undefined;

  constructor(backend: Pick<Backend, 'outage' | 'records' | 'time'>, maxRecords = defaultMaxRecords) {
    this.#backend = backend;
    this.#maxRecords = maxRecords;
  }

  /** Resolves when the records are read. During an outage they are read when it ends. */
  async start(): Promise<void> {
    this.#isStopped = false;
    await this.#read();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#expiry);
    this.#records.clear();
  }

  take({ jti, kind, recordId }: Session): PreloadedRecord | undefined {
    const found = this.#records.get(jti);
    this.#records.delete(jti);
    return found?.kind === kind && found.id === recordId ? found : undefined;
  }

  forget(jti: string): void {
    this.#changes?.jtis.add(jti);
    this.#records.delete(jti);
  }

  forgetAccount(id: string): void {
    this.#changes?.accounts.add(id);
    for (const [jti, found] of this.#records) if (accountOf(found) === id) this.#records.delete(jti);
  }

  onGap(): void {
    this.#changes = null;
    this.#records.clear();
    if (!this.#isComplete && !this.#isStopped) runInBackground(this.#read());
  }

  async #read(): Promise<void> {
    // Without an outage the process receives every message, so it misses nothing that ends from now on.
    if (this.#backend.outage !== null) return;
    const changes: Changes = { jtis: new Set(), accounts: new Set() };
    this.#changes = changes;
    clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => this.#records.clear(), keptForMs);
    try {
      for await (const page of this.#pages()) {
        if (this.#changes !== changes || this.#isStopped) return;
        for (const found of page) {
          const hasChanged = changes.jtis.has(found.record.jti) || changes.accounts.has(accountOf(found));
          if (!hasChanged) this.#records.set(found.record.jti, found);
        }
      }
      this.#isComplete = true;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
    } finally {
      if (this.#changes === changes) this.#changes = null;
    }
  }

  async *#pages(): AsyncGenerator<PreloadedRecord[]> {
    const { records, time } = this.#backend;
    const readAt = time.now();
    const deadline = performance.now() + maxReadMs;
    const accounts = new Map<string, AccountSecurity | null>();
    let left = this.#maxRecords;
    for (const kind of kinds) {
      for (let offset = 0; left > 0 && performance.now() < deadline; offset += pageLength) {
        const length = Math.min(left, pageLength);
        const stored = await records.listLatest<CredentialRecord | SessionRecord>(kind, offset, length);
        const owned = stored.flatMap(({ value }) => ('account' in value ? [value] : []));
        const unread = owned.filter(({ account }) => !accounts.has(account));
        for (const [id, account] of await readAccounts(records, unread)) accounts.set(id, account);
        yield stored.map(({ id, value: record }) => {
          const account = 'account' in record ? (accounts.get(record.account) ?? null) : null;
          return { kind, id, record, account, readAt };
        });
        left -= stored.length;
        if (stored.length < length) break;
        // One page a turn: ticks use the same connection and the same thread.
        await setImmediate();
      }
    }
  }
}

function accountOf({ record }: PreloadedRecord): string {
  return 'account' in record ? record.account : '';
}
