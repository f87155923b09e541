import { runInBackground } from '../background.ts';
import type { Schedule } from './schedule.ts';
import { Timer } from './timer.ts';

/** Each screen reloads at a random moment within this time, so that not all of them do at once. */
const spreadMs = 240_000;
const retryAfterMs = 20_000;
const key = 'reloaded-for';

export interface RenewalOptions {
  /** The build of this page. */
  build: string;
  schedule: Schedule;
  /** From 0 to 1, as `Math.random`. */
  random: () => number;
  /** Storage that survives a reload. */
  memory: Pick<Storage, 'getItem' | 'setItem'>;
  /** Whether the server is ready and delivers pages of that build. */
  isServed: (build: string) => Promise<boolean>;
  reload: () => void;
}

/** Reloads the page when the server runs a new build: once per build, and only if the server delivers it. */
export class Renewal {
  readonly #options: RenewalOptions;
  readonly #timer: Timer;
  #serverBuild: string;

  constructor(options: RenewalOptions) {
    this.#options = options;
    this.#timer = new Timer(options.schedule);
    this.#serverBuild = options.build;
  }

  /** To be called with each build that the server reports. */
  onBuild(serverBuild: string): void {
    const { build, memory, random } = this.#options;
    if (serverBuild === this.#serverBuild) return;
    this.#serverBuild = serverBuild;
    this.#timer.clear();
    const isDue = serverBuild !== build && memory.getItem(key) !== serverBuild;
    if (isDue) this.#timer.set(random() * spreadMs, () => runInBackground(this.#renew()));
  }

  async #renew(): Promise<void> {
    const { memory, isServed, reload } = this.#options;
    const build = this.#serverBuild;
    const isReady = await isServed(build).catch(() => false);
    if (build !== this.#serverBuild) return;
    if (!isReady) return this.#timer.set(retryAfterMs, () => runInBackground(this.#renew()));
    memory.setItem(key, build);
    reload();
  }
}
