import type { Backend } from '../backend/backend.ts';
import { InvalidContent } from '../channels/content.ts';
import { minShowMs, parseShow } from '../channels/show.ts';
import { fieldsOf, type Shows, type ShowTarget } from '../channels/shows.ts';
import { UserError } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { withoutKeys } from '../screens/names.ts';
import type { Screens } from '../screens/screens.ts';
import { nextInstantOf } from '../time/local-instant.ts';
import { Zone } from '../time/zone.ts';

/** A screen is named by its name or id. */
export type TargetName = ShowTarget;

interface NewShow {
  message?: string | undefined;
  countdownMs?: number | undefined;
  /** A time of day, `15:00:00`. */
  until?: string | undefined;
  countsUp: boolean;
  label?: string | undefined;
  warnAt?: readonly number[] | undefined;
  lifetimeMs?: number | undefined;
}

export type ShowRequest = NewShow | { clear: true } | { extendMs: number };

export interface ShowCommandsOptions {
  backend: Pick<Backend, 'ticks' | 'time'>;
  shows: Shows;
  screens: Pick<Screens, 'find' | 'list'>;
  log: Logger;
}

/** The command `clock show`. It throws a `UserError` if it fails. */
export class ShowCommands {
  readonly #options: ShowCommandsOptions;

  constructor(options: ShowCommandsOptions) {
    this.#options = options;
  }

  async run(request: ShowRequest, name: TargetName): Promise<void> {
    const { log } = this.#options;
    const target = await this.#targetOf(name);
    try {
      const change = await this.#apply(request, target);
      log.info({ audit: 'show', by: 'host', ...fieldsOf(target), ...change }, 'an operator acted');
    } catch (error) {
      if (error instanceof InvalidContent) throw new UserError(error.message);
      throw error;
    }
  }

  /** Returns what the audit says, in the words of `POST /api/show`. */
  async #apply(request: ShowRequest, target: ShowTarget): Promise<object> {
    if ('clear' in request) {
      await this.#options.shows.set(target, null);
      return { show: null };
    }
    if (!('extendMs' in request)) return this.#show(target, request);
    await this.#extend(target, request.extendMs);
    return { extendMs: request.extendMs };
  }

  async #show(target: ShowTarget, request: NewShow): Promise<object> {
    const { backend, shows } = this.#options;
    const now = Math.floor(backend.time.now());
    const { message, label, warnAt, lifetimeMs } = request;
    const count = await this.#countOf(request, now);
    const countdown = count && { ...count, label, warnAt };
    // A value that is undefined counts as missing.
    const show = parseShow({ message, countdown }, now);
    await shows.set(target, show, lifetimeMs);
    return { show, forMs: lifetimeMs };
  }

  async #countOf({ countdownMs, until, countsUp }: NewShow, now: number): Promise<object | undefined> {
    if (until !== undefined) return { until: await this.#untilOf(until, now) };
    if (countdownMs !== undefined) return { until: now + countdownMs };
    return countsUp ? { since: now } : undefined;
  }

  async #untilOf(time: string, now: number): Promise<number> {
    const last = await this.#options.backend.ticks.last('time');
    if (last === null) throw new UserError('--until: the zone is unknown until a worker has published the time', 1);
    const instant = nextInstantOf(time, new Zone(last.zone), now, minShowMs);
    if (instant !== 'skipped') return instant;
    throw new UserError(
      `--until: ${time} does not exist on the next day in ${last.zone}: the clocks are set forward over it`,
    );
  }

  async #extend(target: ShowTarget, byMs: number): Promise<void> {
    const outcome = await this.#options.shows.extend(target, byMs);
    if (outcome === 'no-countdown') throw new UserError('no countdown is set for this target', 1);
  }

  async #targetOf(name: TargetName): Promise<ShowTarget> {
    const { screens } = this.#options;
    if (name === 'everybody') return name;
    if ('screen' in name) {
      const found = await screens.find(name.screen);
      if (found === null) throw new UserError(`there is no screen or link ${withoutKeys(name.screen)}`, 1);
      return { screen: found.id };
    }
    const isEmpty = (await screens.list()).every(({ value }) => value.group !== name.group);
    if (isEmpty) process.stderr.write(`clock: no screen is in the group ${name.group} at the moment\n`);
    return name;
  }
}
