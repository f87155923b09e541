import { runInBackground } from '../background.ts';
import type { Schedule } from './schedule.ts';
import { Timer } from './timer.ts';

/** If a reachable server does not deliver a theme: how long until a live page retries, and any other is reloaded. */
const retryAfterMs = 15_000;

/**
 * `applied`: the page looks as it should, which for the default face needs no theme; `missing`: the server did not
 * deliver it; `broken`: this browser cannot run it.
 */
export type ThemeState = 'loading' | 'applied' | 'missing' | 'broken';

export interface ThemeLoaderOptions<Module> {
  load: () => Promise<Module>;
  apply: (module: Module) => void;
  onState: (state: ThemeState) => void;
  /** Why the theme is broken. */
  onError: (error: unknown) => void;
  schedule: Schedule;
  reload: () => void;
}

/**
 * Loads the theme of a page that needs one. No time may be shown before it is `applied`: the default face would show
 * another zone or format than the address describes. A page that is live keeps its face until the next one is loaded.
 */
export class ThemeLoader<Module> {
  readonly #options: ThemeLoaderOptions<Module>;
  readonly #timer: Timer;
  #state: ThemeState = 'applied';
  #attempts = 0;

  constructor(options: ThemeLoaderOptions<Module>) {
    this.#options = options;
    this.#timer = new Timer(options.schedule);
  }

  get state(): ThemeState {
    return this.#state;
  }

  /** Applies the theme, again if it changed. Resolves when it is applied, missing or broken. */
  async load(isLive?: boolean): Promise<void> {
    const { load, apply, onError } = this.#options;
    this.#attempts += 1;
    if (!isLive) this.#setState('loading');
    let module: Module;
    try {
      module = await load();
    } catch {
      if (isLive) this.#timer.set(retryAfterMs, () => runInBackground(this.load(true)));
      else this.#setState('missing');
      return;
    }
    this.#attempts = 0;
    this.#timer.clear();
    try {
      apply(module);
    } catch (error) {
      this.#setState('broken');
      onError(error);
      return;
    }
    this.#setState('applied');
  }

  /** To be called when the server is reachable: loads a missing theme again. If that fails too, reloads the page. */
  async onReachable(): Promise<void> {
    if (this.#state !== 'missing' || this.#timer.isSet) return;
    if (this.#attempts === 1) await this.load();
    if (this.#state !== 'missing') return;
    this.#timer.set(retryAfterMs, this.#options.reload);
  }

  #setState(state: ThemeState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
