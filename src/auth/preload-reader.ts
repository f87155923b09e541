import { setImmediate } from 'node:timers/promises';
import type { Backend } from '../backend/backend.ts';
import type { Stored } from '../backend/records.ts';
import type { PreloadedRecord } from './preloaded-records.ts';
import type { OpenedRecord } from './session-message.ts';
import { readAccounts } from './session-reader.ts';
import type { AccountSecurity, CredentialRecord, SessionRecord } from './session.ts';

/** The number of records per read: a longer answer would delay ticks. */
const pageLength = 500;
/** Reading the latest stops after this long, so that a slow backend does not delay the start. */
const maxReadMs = 2_000;
/** Screens first: each has a record of its own, and reconnects by itself. */
const kinds = ['screen', 'session', 'link', 'token'] as const;

type AnyRecord = CredentialRecord | SessionRecord;

/**
 * Reads records of sessions with their accounts, one page per turn of the event loop: ticks use the same connection and
 * the same thread.
 */
export class PreloadReader {
  readonly #backend: Pick<Backend, 'records' | 'time'>;

  constructor(backend: Pick<Backend, 'records' | 'time'>) {
    this.#backend = backend;
  }

  /**
   * The records that were used last, at most `maxRecords`. The expiry of a record tells to a day when it was last used,
   * since each use renews a record that is a day old.
   */
  async *latest(maxRecords: number): AsyncGenerator<PreloadedRecord[]> {
    const { records, time } = this.#backend;
    const readAt = time.now();
    const deadline = performance.now() + maxReadMs;
    const accounts = new Map<string, AccountSecurity | null>();
    let left = maxRecords;
    for (const kind of kinds) {
      for (let offset = 0; left > 0 && performance.now() < deadline; offset += pageLength) {
        const length = Math.min(left, pageLength);
        const stored = await records.listLatest<AnyRecord>(kind, offset, length);
        yield this.#withAccounts(kind, stored, accounts, readAt);
        left -= stored.length;
        if (stored.length < length) break;
        await setImmediate();
      }
    }
  }

  /** The records of sessions that were opened, except for those that are missing by now. */
  async *opened(opened: readonly OpenedRecord[]): AsyncGenerator<PreloadedRecord[]> {
    const { records, time } = this.#backend;
    for (const kind of kinds) {
      const ids = opened.filter((each) => each.kind === kind).map(({ recordId }) => recordId);
      for (let start = 0; start < ids.length; start += pageLength) {
        const readAt = time.now();
        const page = ids.slice(start, start + pageLength);
        const values = await records.getMany<AnyRecord>(kind, page);
        const stored = page.flatMap((id, index) => {
          const value = values[index] ?? null;
          return value === null ? [] : [{ id, value }];
        });
        yield this.#withAccounts(kind, stored, new Map(), readAt);
        await setImmediate();
      }
    }
  }

  /** Reads the accounts that `accounts` does not contain, and adds them to it. */
  async #withAccounts(
    kind: PreloadedRecord['kind'],
    stored: readonly Stored<AnyRecord>[],
    accounts: Map<string, AccountSecurity | null>,
    readAt: number,
  ): Promise<PreloadedRecord[]> {
    const owned = stored.flatMap(({ value }) => ('account' in value ? [value] : []));
    const unread = owned.filter(({ account }) => !accounts.has(account));
    for (const [id, account] of await readAccounts(this.#backend.records, unread)) accounts.set(id, account);
    return stored.map(({ id, value: record }) => {
      const account = 'account' in record ? (accounts.get(record.account) ?? null) : null;
      return { kind, id, record, account, readAt };
    });
  }
}
