import type { Schedule } from './schedule.ts';
import { Timer } from './timer.ts';

/** A page is reloaded after this long if a server that answers does not deliver its theme. */
const reloadAfterMs = 15_000;

/** `missing`: the server did not deliver it; `broken`: this browser cannot run it. */
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
 * Loads the theme of a page whose address describes one. No time may be shown before it is `applied`: the default
 * face would show another zone or format than the address asks for.
 */
export class ThemeLoader<Module> {
  readonly #options: ThemeLoaderOptions<Module>;
  readonly #reload: Timer;
  #state: ThemeState = 'loading';
  #attempts = 0;

  constructor(options: ThemeLoaderOptions<Module>) {
    this.#options = options;
    this.#reload = new Timer(options.schedule);
  }

  get state(): ThemeState {
    return this.#state;
  }

  /** Resolves when the theme is applied, missing or broken. */
  async load(): Promise<void> {
    this.#attempts += 1;
    this.#setState('loading');
    let module: Module;
    try {
      module = await this.#options.load();
    } catch {
      this.#setState('missing');
      return;
    }
    try {
      this.#options.apply(module);
    } catch (error) {
      this.#setState('broken');
      this.#options.onError(error);
      return;
    }
    this.#setState('applied');
  }

  /** The server answers: a missing theme is loaded again, and if that fails too, the whole page. */
  async onReachable(): Promise<void> {
    if (this.#state !== 'missing' || this.#reload.isSet) return;
    if (this.#attempts === 1) await this.load();
    if (this.#state !== 'missing') return;
    this.#reload.set(reloadAfterMs, this.#options.reload);
  }

  #setState(state: ThemeState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}
