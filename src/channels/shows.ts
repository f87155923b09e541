import type { Backend } from '../backend/backend.ts';
import type { Publication } from '../backend/publications.ts';
import { messageFrameParts, type Show } from '../protocol.ts';
import { showChannel } from './channel-names.ts';
import { InvalidContent, jsonContent } from './content.ts';
import { maxShowMs } from './show.ts';

/** What a show applies to: every screen, the screens of a group, or a screen or link by its id. */
export type ShowTarget = 'everybody' | { group: string } | { screen: string };

type Stamp = { at: number; seq: number };

/** What is shown for a target. Instants are epoch ms of house time. */
export interface TargetShow extends Stamp {
  target: ShowTarget;
  show: Show;
  endsAt: number | null;
}

/** The number of targets that are stored, with those that were cleared within the last minute. */
export const maxTargets = 1_000;
/** By then every web process has received that a target was cleared, ms. */
const clearedForMs = 60_000;

const groupPrefix = `${showChannel}/group/`;
const screenPrefix = `${showChannel}/screen/`;

/** Sets what screens show besides the time. There is one slot for each target. */
export class Shows {
  readonly #backend: Pick<Backend, 'publications' | 'time'>;

  constructor(backend: Pick<Backend, 'publications' | 'time'>) {
    this.#backend = backend;
  }

  /**
   * Replaces the show of a target; null ends it. Without a lifetime it lasts until the next one. `full`: there are
   * `maxTargets` others.
   */
  async set(target: ShowTarget, show: Show | null, lifetimeMs?: number): Promise<Stamp | 'full'> {
    const request = { channel: showChannel, slot: slotOf(target), json: jsonContent(show), lifetimeMs };
    if (!(await this.#hasRoomFor(request.slot))) return 'full';
    return (await this.#backend.publications.publish(request)) as Stamp;
  }

  /** Extends a target's countdown and the lifetime of its show. Throws `InvalidContent` if the end is too far ahead. */
  async extend(target: ShowTarget, byMs: number): Promise<Stamp | 'no-countdown'> {
    const { publications, time } = this.#backend;
    for (;;) {
      const now = time.now();
      const current = (await this.list()).find((one) => slotOf(one.target) === slotOf(target));
      const countdown = current?.show.countdown;
      if (current === undefined || countdown?.until === undefined) return 'no-countdown';
      const until = countdown.until + byMs;
      if (until - now > maxShowMs) throw new InvalidContent('A countdown ends at most 366 days from now.');
      const outcome = await publications.publish({
        channel: showChannel,
        slot: slotOf(target),
        json: jsonContent({ ...current.show, countdown: { ...countdown, until } }),
        lifetimeMs: current.endsAt === null ? undefined : Math.ceil(current.endsAt + byMs - now),
        ifSeq: current.seq,
      });
      // Another operator was faster: extend what is shown now.
      if (typeof outcome !== 'string') return outcome;
    }
  }

  /** Forgets targets that were cleared or have ended if there is no room. */
  async #hasRoomFor(slot: string): Promise<boolean> {
    const { publications, time } = this.#backend;
    // The count includes other channels, so it is below the maximum only if there is room. It reads no message.
    if ((await publications.count()) < maxTargets) return true;
    const stored = (await publications.list()).filter((publication) => targetOf(publication.slot) !== null);
    if (stored.length < maxTargets || stored.some((publication) => publication.slot === slot)) return true;
    const before = time.now() - clearedForMs;
    const old = stored.filter(
      (publication) => hasEnded(publication, before) || (isNothing(publication) && publication.at <= before),
    );
    const slots = old.map((publication) => publication.slot);
    await publications.forget(slots, Math.max(...stored.map(({ seq }) => seq)));
    return stored.length - old.length < maxTargets;
  }

  /** What is shown now, by target. */
  async list(): Promise<TargetShow[]> {
    const { publications, time } = this.#backend;
    const now = time.now();
    return (await publications.list()).flatMap((publication) => {
      const target = targetOf(publication.slot);
      const show = target === null || hasEnded(publication, now) ? null : showOf(publication);
      if (target === null || show === null) return [];
      const { at, seq, endsAt } = publication;
      return [{ target, show, at, seq, endsAt }];
    });
  }
}

export function slotOf(target: ShowTarget): string {
  if (target === 'everybody') return showChannel;
  return 'group' in target ? groupPrefix + target.group : screenPrefix + target.screen;
}

/** A target as two fields: of them at most one is not null. */
export function fieldsOf(target: ShowTarget): { group: string | null; screen: string | null } {
  return { group: null, screen: null, ...(target === 'everybody' ? {} : target) };
}

/** The target of a slot; null if it belongs to another channel. */
export function targetOf(slot: string): ShowTarget | null {
  if (slot === showChannel) return 'everybody';
  if (slot.startsWith(groupPrefix)) return { group: slot.slice(groupPrefix.length) };
  return slot.startsWith(screenPrefix) ? { screen: slot.slice(screenPrefix.length) } : null;
}

export function hasEnded({ endsAt }: Publication, now: number): boolean {
  return endsAt !== null && endsAt <= now;
}

const nothing = Buffer.from(messageFrameParts(showChannel, 'null').beforeAt);

/** Whether a message of the channel shows nothing. */
export function isNothing({ frame }: Publication): boolean {
  return nothing.equals(frame.subarray(0, nothing.length));
}

function showOf({ frame }: Publication): Show | null {
  const { message } = JSON.parse(Buffer.from(frame).toString()) as { message: { show: Show | null } };
  return message.show;
}
