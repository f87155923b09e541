import { runInBackground } from '../background.ts';
import type { Show } from '../protocol.ts';
import { LazyModule } from './lazy-module.ts';
import type { Painter } from './painter.ts';
import { schedule } from './schedule.ts';
import type * as ShowModule from './show/main.ts';

const retryAfterMs = 2_000;

export interface ShowLoaderOptions {
  /** Whether the face is applied; nothing is shown before. */
  isFaceApplied(): boolean;
  /** Whether the face shows what operators set. */
  isEnabled(): boolean;
  /** The display latency of the screen, ms. */
  trimMs(): number;
  createPainter(paint: (second: number) => void): Painter;
}

/** Shows what operators set besides the time. Its script is loaded when something is shown for the first time. */
export class ShowLoader {
  readonly #options: ShowLoaderOptions;
  readonly #module = new LazyModule<typeof ShowModule>('/static/show.js');
  #show: Show | null = null;
  /** Whether anything was ever shown on this page. */
  #hasShow = false;

  constructor(options: ShowLoaderOptions) {
    this.#options = options;
  }

  /** Replaces what is shown; null shows the time alone. */
  set(show: Show | null): void {
    this.#show = show;
    this.draw();
  }

  /** Draws again; to be called when the face changed. Retries until the script is loaded. */
  draw(): void {
    runInBackground(this.#draw());
  }

  async #draw(): Promise<void> {
    const { isFaceApplied, isEnabled, trimMs, createPainter } = this.#options;
    try {
      if (this.#show !== null) this.#hasShow = true;
      if (!this.#hasShow || !isFaceApplied()) return;
      const module = await this.#module.load();
      await module.render(isEnabled() ? this.#show : null, trimMs(), createPainter);
    } catch {
      schedule(() => this.draw(), retryAfterMs);
    }
  }
}
