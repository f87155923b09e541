import type { Shown } from '../../operator-api.ts';
import { element } from '../browser.ts';
import { schedule } from '../schedule.ts';
import { Timer } from '../timer.ts';
import { button, setAttribute, setText } from './dom.ts';
import { countAt, countWords, endText, inOrder, keyOf, targetText, type TargetKey } from './shown.ts';

const drawEveryMs = 200;

export interface ShownListOptions {
  /** House time, epoch ms. */
  now: () => number;
  onExtend: (target: TargetKey, minutes: number) => void;
  onChange: (target: TargetKey) => void;
  onClear: (target: TargetKey) => void;
}

/** The list of what is shown, with the countdowns as they run. Its items change in place, so they keep the focus. */
export class ShownList {
  readonly #options: ShownListOptions;
  readonly #list = element('shown-list');
  readonly #none = element('shown-none');
  readonly #items = new Map<TargetKey, ShownItem>();
  readonly #timer = new Timer(schedule);

  constructor(options: ShownListOptions) {
    this.#options = options;
  }

  update(shows: readonly Shown[], names: ReadonlyMap<string, string>, timeOf: (instant: number) => string): void {
    const isFocused = this.#list.contains(document.activeElement);
    const ordered = inOrder(shows, names);
    const keys = new Set(ordered.map(keyOf));
    for (const [key, item] of this.#items) {
      if (keys.has(key)) continue;
      item.node.remove();
      this.#items.delete(key);
    }
    ordered.forEach((shown, index) => {
      const key = keyOf(shown);
      const item = this.#items.get(key) ?? new ShownItem(key, this.#options);
      this.#items.set(key, item);
      item.update(shown, targetText(key, names), timeOf);
      if (this.#list.children[index] !== item.node)
        this.#list.insertBefore(item.node, this.#list.children[index] ?? null);
    });
    setText(this.#none, ordered.length === 0 ? 'Nothing: the screens show the time.' : '');
    // The item with the focus is gone.
    if (isFocused && !this.#list.contains(document.activeElement)) element('show-new').focus();
    this.#draw();
  }

  #draw(): void {
    const now = this.#options.now();
    let hasCount = false;
    for (const item of this.#items.values()) if (item.draw(now)) hasCount = true;
    if (hasCount) this.#timer.set(drawEveryMs, () => this.#draw());
    else this.#timer.clear();
  }
}

class ShownItem {
  readonly node = document.createElement('li');
  readonly #target = part('target', 'h3');
  readonly #count = part('remaining', 'p');
  readonly #digits = part('digits', 'span');
  readonly #words = part('words', 'span');
  readonly #label = part('label', 'bdi');
  readonly #message = part('message', 'bdi');
  readonly #end = part('end', 'span');
  readonly #extend = [1, 5].map((minutes) => ({ minutes, control: button(`+${minutes} min`) }));
  readonly #change = button('Change');
  readonly #clear = button('Clear');
  #shown: Shown | null = null;

  constructor(key: TargetKey, { onExtend, onChange, onClear }: ShownListOptions) {
    this.#digits.setAttribute('role', 'timer');
    this.#digits.setAttribute('aria-live', 'off');
    this.#count.append(this.#digits, ' ', this.#words);
    const text = part('text', 'p');
    text.append(this.#label, this.#message, this.#end);
    for (const { minutes, control } of this.#extend) control.addEventListener('click', () => onExtend(key, minutes));
    this.#change.addEventListener('click', () => onChange(key));
    this.#change.setAttribute('aria-haspopup', 'dialog');
    this.#clear.addEventListener('click', () => onClear(key));
    const buttons = part('buttons', 'div');
    buttons.append(...this.#extend.map(({ control }) => control), this.#change, this.#clear);
    this.node.append(this.#target, this.#count, text, buttons);
  }

  update(shown: Shown, target: string, timeOf: (instant: number) => string): void {
    this.#shown = shown;
    const { message, countdown } = shown.show;
    setText(this.#target, target.charAt(0).toUpperCase() + target.slice(1));
    setText(this.#label, countdown?.label ?? '');
    setText(this.#message, message ?? '');
    setText(this.#end, endText(shown, timeOf));
    for (const { minutes, control } of this.#extend) {
      control.hidden = countdown?.until === undefined;
      setAttribute(control, 'aria-label', `+${minutes} min, ${target}`);
    }
    setAttribute(this.#change, 'aria-label', `Change, ${target}`);
    setAttribute(this.#clear, 'aria-label', `Clear, ${target}`);
  }

  /** Returns whether there is a countdown or a count. */
  draw(now: number): boolean {
    const show = this.#shown?.show ?? {};
    const count = countAt(show, now);
    this.#count.hidden = count === null;
    if (count === null) return false;
    setText(this.#digits, count.digits);
    setText(this.#words, countWords(show, count));
    setAttribute(this.node, 'data-phase', count.phase);
    return true;
  }
}

function part(name: string, tag: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}
