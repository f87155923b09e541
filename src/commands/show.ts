import type { Backend } from '../backend/backend.ts';
import { InvalidContent } from '../channels/content.ts';
import { parseShow, SkippedTime } from '../channels/show.ts';
import { fieldsOf, maxTargets, type Shows, type ShowTarget } from '../channels/shows.ts';
import { UserError } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import type { Show } from '../protocol.ts';
import { withoutKeys } from '../screens/names.ts';
import type { Screens } from '../screens/screens.ts';
import { screenTarget } from '../screens/show-target.ts';
import { Zone } from '../time/zone.ts';

/** A screen is named by its name or id. */
export type TargetName = ShowTarget;

interface NewShow {
  message: string | undefined;
  /** As in the body of `POST /api/show`. */
  countdown: object | undefined;
  lifetimeMs: number | undefined;
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
      if (error instanceof SkippedTime) throw new UserError(`--until: ${error.message}`);
      if (error instanceof InvalidContent) {
        // The values of the other options are checked before. A message may still be too large together with its label.
        throw new UserError(`${'extendMs' in request ? '--extend' : '--message'}: ${error.message}`);
      }
      throw error;
    }
  }

  /** Returns what the audit says, in the words of `POST /api/show`. */
  async #apply(request: ShowRequest, target: ShowTarget): Promise<object> {
    if ('clear' in request) {
      await this.#set(target, null);
      return { show: null };
    }
    if (!('extendMs' in request)) return this.#show(target, request);
    await this.#extend(target, request.extendMs);
    return { extendMs: request.extendMs };
  }

  async #show(target: ShowTarget, { message, countdown, lifetimeMs }: NewShow): Promise<object> {
    const { backend } = this.#options;
    const last = await backend.ticks.last('time');
    const zone = (): Zone => {
      if (last !== null) return new Zone(last.zone);
      throw new UserError('--until: the zone is unknown until a worker has published the time', 1);
    };
    // A value that is undefined counts as missing.
    const show = parseShow({ message, countdown }, { now: backend.time.now(), zone });
    await this.#set(target, show, lifetimeMs);
    return { show, forMs: lifetimeMs };
  }

  async #set(target: ShowTarget, show: Show | null, lifetimeMs?: number): Promise<void> {
    if ((await this.#options.shows.set(target, show, lifetimeMs)) !== 'full') return;
    throw new UserError(`there are ${maxTargets} targets already: clear some, and try again after a minute`, 1);
  }

  async #extend(target: ShowTarget, byMs: number): Promise<void> {
    const outcome = await this.#options.shows.extend(target, byMs);
    if (outcome === 'no-countdown') throw new UserError('no countdown is set for this target', 1);
  }

  async #targetOf(name: TargetName): Promise<ShowTarget> {
    const { screens, shows } = this.#options;
    if (name === 'everybody') return name;
    if ('screen' in name) {
      const target = await screenTarget(name.screen, { screens, shows });
      if (target === null) throw new UserError(`there is no screen or link ${withoutKeys(name.screen)}`, 1);
      return target;
    }
    const isEmpty = (await screens.list()).every(({ value }) => value.group !== name.group);
    if (isEmpty) process.stderr.write(`clock: no screen is in the group ${name.group} at the moment\n`);
    return name;
  }
}
