import { runInBackground } from '../background.ts';
import { ignoreUnavailable } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import type { Departure, Roster } from './roster.ts';
import type { RosterView } from './roster-view.ts';
import type { Screens } from './screens.ts';

/** The maximum number of screens whose departure one run stores: thousands may depart at once. */
const maxStoredPerRun = 20;

export interface RosterUpkeepOptions {
  roster: Pick<Roster, 'takeDeparted'>;
  view: Pick<RosterView, 'releaseIfUnused'>;
  screens: Pick<Screens, 'getMany' | 'set'>;
  /** `add` lets a task run about once a second. It returns the function that removes the task. */
  housekeeping: { add(task: () => void): () => void };
}

/** Stores in the record of each departed screen when it was last seen, and frees the memory of an unused view. */
export class RosterUpkeep implements Service {
  readonly name = 'roster upkeep';
  readonly #options: RosterUpkeepOptions;
  #stopRuns = (): void => {};

  constructor(options: RosterUpkeepOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#stopRuns = this.#options.housekeeping.add(() => runInBackground(this.#run()));
  }

  async stop(): Promise<void> {
    this.#stopRuns();
  }

  async #run(): Promise<void> {
    const { roster, view } = this.#options;
    view.releaseIfUnused();
    const departed = roster.takeDeparted(maxStoredPerRun);
    // During an outage the last use of the record is shown instead.
    if (departed.length > 0) await this.#storeLastSeen(departed).catch(ignoreUnavailable);
  }

  async #storeLastSeen(departed: readonly Departure[]): Promise<void> {
    const { screens } = this.#options;
    const seenAt = new Map(departed.map((departure) => [departure.id, departure.seenAt]));
    for (const screen of await screens.getMany([...seenAt.keys()])) {
      const lastSeenAt = seenAt.get(screen.id) ?? 0;
      if (lastSeenAt > (screen.value.lastSeenAt ?? 0)) await screens.set(screen, { lastSeenAt });
    }
  }
}
