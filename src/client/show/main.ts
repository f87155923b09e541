import type { Show } from '../../protocol.ts';
import type { Painter } from '../painter.ts';
import { schedule } from '../schedule.ts';
import { loadStyleSheet } from '../style-sheet.ts';
import { countdownAt, phaseMsOf, shortDuration, spokenDigits, type ShownCountdown } from './countdown.ts';
import { fitText } from './fit.ts';

const announceAfterMs = 200;

type CreatePainter = (paint: (second: number) => void) => Painter;

let style: Promise<void> | null = null;
let latest: Show | null = null;
let shown: ShowView | null = null;

/**
 * Shows a message, a countdown or both in place of what was shown before; null shows the time alone. To be called again
 * with the same when the face changed. Rejects if the server does not deliver the style sheet. `trimMs`: the display
 * latency of the screen.
 */
export async function render(show: Show | null, trimMs: number, createPainter: CreatePainter): Promise<void> {
  latest = show;
  style ??= loadStyleSheet('/static/show.css');
  try {
    await style;
  } catch (error) {
    style = null;
    throw error;
  }
  // A newer one may have arrived while the style sheet was loading.
  if (latest !== show) return;
  const text = JSON.stringify(show);
  if (text !== shown?.text) {
    shown?.remove();
    shown = show === null ? null : new ShowView(show, text);
  }
  shown?.start(trimMs, createPainter);
}

class ShowView {
  /** The show, as JSON. */
  readonly text: string;
  readonly #section = document.createElement('section');
  readonly #texts: HTMLElement[] = [];
  readonly #show: Show;
  readonly #onResize = (): void => this.#fitTexts();
  /** Runs after the listeners of the button itself, which write the time. */
  readonly #onClick = ({ target }: Event): void => {
    if (target instanceof Element && target.closest('#read')) this.#appendTo(document.getElementById('reading'));
  };
  readonly #onVisibility = (): void => this.#painter?.refresh();
  #digits: HTMLElement | null = null;
  #draw = (_shown: ShownCountdown): void => {};
  #painter: Painter | null = null;

  constructor(show: Show, text: string) {
    const { message, countdown } = show;
    this.text = text;
    this.#show = show;
    this.#section.id = 'show';
    this.#section.classList.toggle('has-both', message !== undefined && countdown !== undefined);
    if (message !== undefined) this.#add('message', message);
    if (countdown?.label !== undefined) this.#add('countdown-label', countdown.label);
    if (countdown !== undefined) this.#draw = this.#addDigits(countdown.warnAt);
    document.querySelector('main')?.append(this.#section);
    document.documentElement.classList.add('has-show');
    addEventListener('resize', this.#onResize);
    document.addEventListener('visibilitychange', this.#onVisibility);
    document.addEventListener('click', this.#onClick);
    announce([message, countdown?.label].filter((part) => part !== undefined).join('. '));
  }

  /** Starts, or continues on a face that changed. */
  start(trimMs: number, createPainter: CreatePainter): void {
    this.#painter?.stop();
    const { countdown } = this.#show;
    if (countdown !== undefined) {
      const phaseMs = phaseMsOf(countdown);
      this.#painter = createPainter((second) => this.#draw(countdownAt(countdown, second + phaseMs)));
      // To the painter, a second begins when the digits change.
      this.#painter.trimMs = trimMs - phaseMs;
      this.#painter.start();
    }
    this.#fitTexts();
  }

  remove(): void {
    this.#painter?.stop();
    removeEventListener('resize', this.#onResize);
    document.removeEventListener('visibilitychange', this.#onVisibility);
    document.removeEventListener('click', this.#onClick);
    this.#section.remove();
    document.documentElement.classList.remove('has-show');
    announce('');
  }

  /** Adds what is shown to the sentence of `Read the time`. */
  #appendTo(reading: HTMLElement | null): void {
    const digits = this.#digits?.textContent ?? '';
    const { message, countdown } = this.#show;
    const parts = [message, countdown?.label, digits === '' ? undefined : spokenDigits(digits, languageOf())];
    const text = parts.filter((part) => part !== undefined).join('. ');
    if (reading !== null) reading.textContent = `${reading.textContent}. ${text}`;
  }

  #addDigits(warnAt: readonly number[] = []): (shown: ShownCountdown) => void {
    const digits = this.#add('digits', '');
    this.#digits = digits;
    digits.setAttribute('role', 'timer');
    digits.setAttribute('aria-live', 'off');
    // It takes its space from the start, so that the digits have the same size at a threshold and at zero.
    const warning = warnAt.length === 0 ? null : this.#add('warning', '');
    return ({ digits: text, phase, thresholdMs }) => {
      const hasSameLength = text.length === digits.textContent?.length;
      digits.textContent = text;
      this.#section.dataset['phase'] = phase;
      // To fit a text delays its frame.
      if (!hasSameLength) fitText(digits, this.#scale);
      if (warning === null || phase === 'over') return;
      const words = `\u2264 ${shortDuration(thresholdMs ?? Math.max(...warnAt), languageOf())}`;
      if (words === warning.textContent) return;
      warning.textContent = words;
      fitText(warning, this.#scale);
    };
  }

  /** Adds a box with a text in it. The text may be written in any direction. */
  #add(name: string, text: string): HTMLElement {
    const [box, line] = [document.createElement('div'), document.createElement('p')];
    box.className = name;
    line.dir = 'auto';
    line.textContent = text;
    box.append(line);
    this.#section.append(box);
    this.#texts.push(line);
    return line;
  }

  #fitTexts(): void {
    for (const text of this.#texts) fitText(text, this.#scale);
  }

  get #scale(): number {
    return Number(getComputedStyle(document.documentElement).getPropertyValue('--size')) || 1;
  }
}

/** The language of the face. */
function languageOf(): string {
  return document.getElementById('display')?.lang || 'en';
}

let cancelAnnouncement = (): void => {};

/** Lets screen readers read a text once. They notice changes of a region, not a new one. */
function announce(text: string): void {
  const region = document.getElementById('announcement') ?? document.body.appendChild(document.createElement('p'));
  region.id = 'announcement';
  region.className = 'unseen';
  region.setAttribute('role', 'status');
  cancelAnnouncement();
  cancelAnnouncement = schedule(() => (region.textContent = text), announceAfterMs);
}
