import type { Schedule } from './schedule.ts';

/** Screens take a new build at random moments within this time. */
const spreadMs = 240_000;
const againMs = 20_000;

export interface RenewalOptions {
  /** The build of this page. */
  build: string;
  schedule: Schedule;
  /** From 0 to 1, as `Math.random`. */
  random: () => number;
  /** Outlives a reload. */
  memory: Pick<Storage, 'getItem' | 'setItem'>;
  /** Whether the server is ready and hands out that build. */
  isServed: (build: string) => Promise<boolean>;
  reload: () => void;
}

/** Takes a new build: at a random moment, once for each build, and only from a server that is ready and has it. */
export class Renewal {
  readonly #options: RenewalOptions;
  #cancel = (): void => {};
  /** The build that the server told last. */
  #told: string;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#told = options.build;
  }

  /** The server told which build it runs. */
  heard(told: string): void {
    const { build, memory, random } = this.#options;
    if (told === this.#told) return;
    this.#told = told;
    this.#cancel();
    if (told !== build && memory.getItem(key) !== told) this.#renewAfter(random() * spreadMs);
  }

  #renewAfter(delayMs: number): void {
    this.#cancel = this.#options.schedule(() => void this.#renew(), delayMs);
  }

  async #renew(): Promise<void> {
    const { memory, isServed, reload } = this.#options;
    const build = this.#told;
    if (!(await isServed(build).catch(() => false))) {
      if (build === this.#told) this.#renewAfter(againMs);
      return;
    }
    if (build !== this.#told) return;
    memory.setItem(key, build);
    reload();
  }
}

const key = 'reloaded-for';
