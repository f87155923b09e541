import type { Logger } from '../../logger.ts';
import { messageFrameParts } from '../../protocol.ts';
import type { HouseTime } from '../../time/house-time.ts';
import { Listeners } from '../listeners.ts';
import {
  channelListRecord,
  type ChannelList,
  type Publication,
  type Publications,
  type PublishOutcome,
  type PublishRequest,
} from '../publications.ts';
import type { DataFile } from './data-file.ts';

/** How long a message that another one has replaced stays in the file, ms: until all processes have read it. */
const replacedForMs = 10_000;

/** Messages in the data file, to which other processes may publish, too. */
export class EmbeddedPublications implements Publications {
  readonly #file: DataFile;
  readonly #time: HouseTime;
  readonly #subscribers: Listeners<(publication: Publication) => void>;
  #lastNumber = 0;

  constructor(file: DataFile, time: HouseTime, log: Logger) {
    this.#file = file;
    this.#time = time;
    this.#subscribers = new Listeners(log);
  }

  async publish(request: PublishRequest): Promise<PublishOutcome> {
    const outcome = this.#file.transaction(() => this.#store(request));
    // What other processes published before has lower numbers and comes first.
    this.poll();
    return outcome;
  }

  async list(): Promise<Publication[]> {
    // Delivers first: a listener that reads messages before they are delivered would drop their delivery as old.
    this.poll();
    const last = 'SELECT max(number) FROM publication WHERE number <= ? GROUP BY slot';
    return this.#file.all(`SELECT * FROM publication WHERE number IN (${last})`, this.#lastNumber).map(publicationOf);
  }

  async count(): Promise<number> {
    return Number(this.#file.get('SELECT count(DISTINCT slot) AS slots FROM publication')?.['slots']);
  }

  async forget(slots: readonly string[], maxSeq = Number.MAX_SAFE_INTEGER): Promise<void> {
    this.#file.transaction(() => {
      for (const slot of slots) this.#file.run('DELETE FROM publication WHERE slot = ? AND seq <= ?', slot, maxSeq);
    });
  }

  subscribe(deliver: (publication: Publication) => void): void {
    this.#subscribers.add(deliver);
  }

  /** Must be called once the file is open: everything written before counts as delivered. */
  markAsRead(): void {
    this.#lastNumber = Number(this.#file.get('SELECT max(number) AS number FROM publication')?.['number'] ?? 0);
  }

  /** Delivers what any process has published since the last call. */
  poll(): void {
    for (const row of this.#file.all('SELECT * FROM publication WHERE number > ? ORDER BY number', this.#lastNumber)) {
      this.#lastNumber = Number(row['number']);
      const publication = publicationOf(row);
      this.#subscribers.notify((deliver) => deliver(publication));
    }
  }

  /** Must be called within a transaction. */
  #store({ channel, json, slot, lifetimeMs, ifSeq }: PublishRequest): PublishOutcome {
    const target = slot ?? this.#slotOf(channel);
    if (target === null) return 'unknown-channel';
    const lastOfSlot = 'SELECT seq FROM publication WHERE slot = ? ORDER BY number DESC LIMIT 1';
    if (ifSeq !== undefined && Number(this.#file.get(lastOfSlot, target)?.['seq'] ?? 0) !== ifSeq) return 'changed';
    const at = Math.floor(this.#time.now());
    const lastSeq = this.#file.get('SELECT seq FROM publication_seq WHERE channel = ?', channel)?.['seq'];
    const seq = Math.max(Number(lastSeq ?? 0) + 1, at);
    this.#file.run('INSERT OR REPLACE INTO publication_seq (channel, seq) VALUES (?, ?)', channel, seq);
    const { beforeAt, beforeSeq, afterSeq } = messageFrameParts(channel, json);
    const frame = `${beforeAt}${at}${beforeSeq}${seq}${afterSeq}`;
    const endsAt = lifetimeMs === undefined ? null : at + lifetimeMs;
    const sql = 'INSERT INTO publication (slot, at, seq, ends_at, frame) VALUES (?, ?, ?, ?, ?)';
    this.#file.run(sql, target, at, seq, endsAt, frame);
    const last = 'SELECT max(number) FROM publication GROUP BY slot';
    this.#file.run(`DELETE FROM publication WHERE at < ? AND number NOT IN (${last})`, at - replacedForMs);
    return { at, seq };
  }

  #slotOf(channel: string): string | null {
    const { kind, id } = channelListRecord;
    const row = this.#file.get('SELECT value FROM record WHERE kind = ? AND id = ?', kind, id);
    if (row === undefined) return null;
    const { channels } = JSON.parse(String(row['value'])) as ChannelList;
    return channels.find(({ name }) => name === channel)?.id ?? null;
  }
}

function publicationOf({ slot, at, seq, ends_at: endsAt, frame }: Record<string, unknown>): Publication {
  return {
    slot: String(slot),
    at: Number(at),
    seq: Number(seq),
    endsAt: endsAt === null ? null : Number(endsAt),
    frame: Buffer.from(String(frame)),
  };
}
