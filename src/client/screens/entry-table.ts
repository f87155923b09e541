import type { RosterEntry } from '../../operator-api.ts';
import { EntryRow } from './entry-row.ts';
import { stayingKeys } from './row-moves.ts';

export type RowButton = 'identify' | 'more';

/** The table of entries. Rows change and move in place: a change does not render 2,000 rows again. */
export class EntryTable {
  readonly #body: HTMLElement;
  readonly #rows = new Map<string, EntryRow>();
  #shown: readonly string[] = [];

  constructor(body: HTMLElement, onButton: (key: string, button: RowButton) => void) {
    this.#body = body;
    body.addEventListener('click', ({ target }) => {
      const pressed = target instanceof Element ? target.closest<HTMLElement>('[data-button]') : null;
      const key = pressed?.closest<HTMLElement>('[data-key]')?.dataset['key'];
      if (key !== undefined) onButton(key, pressed?.dataset['button'] as RowButton);
    });
  }

  update(changed: readonly RosterEntry[]): void {
    for (const entry of changed) {
      const row = this.#rows.get(entry.key);
      if (row === undefined) this.#rows.set(entry.key, new EntryRow(entry));
      else row.update(entry);
    }
  }

  /** Shows the rows of these keys, in this order, and no others. */
  show(keys: readonly string[]): void {
    const focused = this.#focusedRow();
    const before = this.#shown;
    const staying = stayingKeys(before, keys);
    const wanted = new Set(keys);
    for (const key of before) if (!wanted.has(key)) this.#rows.get(key)?.node.remove();
    let next: Node | null = null;
    for (let index = keys.length - 1; index >= 0; index -= 1) {
      const key = keys[index] ?? '';
      const node: HTMLElement | undefined = this.#rows.get(key)?.node;
      if (node === undefined) continue;
      if (!staying.has(key)) this.#body.insertBefore(node, next);
      next = node;
    }
    this.#shown = keys;
    if (focused !== null) this.#restoreFocus(focused, before);
  }

  /** Deletes rows that are not shown. */
  forget(removed: readonly string[]): void {
    for (const key of removed) this.#rows.delete(key);
  }

  #focusedRow(): { element: HTMLElement; key: string } | null {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement) || !this.#body.contains(focused)) return null;
    return { element: focused, key: focused.closest<HTMLElement>('[data-key]')?.dataset['key'] ?? '' };
  }

  /** A node that moves loses its focus. After a removal the focus goes to the row in its place. */
  #restoreFocus({ element, key }: { element: HTMLElement; key: string }, before: readonly string[]): void {
    if (document.activeElement === element) return;
    if (element.isConnected) return element.focus({ preventScroll: true });
    const near = this.#shown[Math.min(before.indexOf(key), this.#shown.length - 1)];
    const row = near === undefined ? undefined : this.#rows.get(near);
    row?.node.querySelector<HTMLElement>('[data-button=more]')?.focus({ preventScroll: true });
  }
}
