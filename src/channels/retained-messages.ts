import { runInBackground } from '../background.ts';
import type { Backend } from '../backend/backend.ts';
import type { Publication } from '../backend/publications.ts';
import type { Service } from '../lifecycle.ts';
import { RepeatedRead } from './repeated-read.ts';

/** More than are stored: messages whose slots were forgotten are dropped when there are more, by reading again. */
const maxSlots = 2_000;

interface Retained {
  publication: Publication;
  /** It was read, so it may arrive once more as a message. */
  wasRead: boolean;
}

/** The last message of each slot, as this process received or read it. */
export class RetainedMessages implements Service {
  readonly name = 'retained messages';
  readonly #backend: Pick<Backend, 'publications' | 'records'>;
  readonly #read = new RepeatedRead(() => this.#readAll());
  readonly #bySlot = new Map<string, Retained>();
  readonly #listeners: ((publication: Publication) => void)[] = [];
  readonly #forgottenListeners: ((publication: Publication) => void)[] = [];
  /** The slots of the messages that arrived since the read in flight began. */
  #arrived = new Set<string>();
  #isStopped = false;

  constructor(backend: Pick<Backend, 'publications' | 'records'>) {
    this.#backend = backend;
  }

  async start(): Promise<void> {
    const { publications, records } = this.#backend;
    publications.subscribe((publication) => this.#accept(publication));
    records.subscribe({ onMessage: () => {}, onGap: () => runInBackground(this.#read.request()) });
    await this.#read.request();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#read.stop();
  }

  get(slot: string): Publication | undefined {
    return this.#bySlot.get(slot)?.publication;
  }

  /** Calls `listener` with each message that arrives, and after a gap with each last message that is new. */
  onMessage(listener: (publication: Publication) => void): void {
    this.#listeners.push(listener);
  }

  /** Calls `listener` with each last message that is no longer stored, after a gap. */
  onForgotten(listener: (publication: Publication) => void): void {
    this.#forgottenListeners.push(listener);
  }

  #accept(publication: Publication): void {
    if (this.#isStopped) return;
    const { slot, seq } = publication;
    this.#arrived.add(slot);
    const known = this.#bySlot.get(slot);
    if (known?.wasRead === true && seq <= known.publication.seq) return;
    this.#set(publication, false);
    if (this.#bySlot.size > maxSlots) runInBackground(this.#read.request());
  }

  async #readAll(): Promise<void> {
    this.#arrived = new Set();
    const stored = await this.#backend.publications.list();
    const slots = new Set(stored.map(({ slot }) => slot));
    for (const [slot, { publication }] of this.#bySlot) {
      if (slots.has(slot) || this.#arrived.has(slot)) continue;
      this.#bySlot.delete(slot);
      for (const listener of this.#forgottenListeners) listener(publication);
    }
    for (const publication of stored) {
      const { slot, seq } = publication;
      const isNew = seq > (this.#bySlot.get(slot)?.publication.seq ?? -Infinity);
      if (isNew && !this.#arrived.has(slot)) this.#set(publication, true);
    }
  }

  #set(publication: Publication, wasRead: boolean): void {
    this.#bySlot.set(publication.slot, { publication, wasRead });
    for (const listener of this.#listeners) listener(publication);
  }
}
