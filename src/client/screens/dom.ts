import { element } from '../browser.ts';

export { setText } from '../set-text.ts';

export function setAttribute(node: Element, name: string, value: string): void {
  if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

/** An element of the page that has a more specific type. Throws if it has another one. */
export function elementOf<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = element(id);
  if (found instanceof type) return found;
  throw new Error(`#${id} is not a ${type.name}`);
}

/** A button. `label` replaces its text for screen readers, which read buttons without their rows. */
export function button(text: string, label?: string): HTMLButtonElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  if (label !== undefined) made.setAttribute('aria-label', label);
  return made;
}

/** A text whose direction does not change that of the text around it. */
export function isolated(text: string): HTMLElement {
  const made = document.createElement('bdi');
  made.textContent = text;
  return made;
}

const dateFormat = new Intl.DateTimeFormat(undefined, {
  year: 'numeric',
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
});

/** An instant in the viewer's language and zone. */
export function dateText(isoTime: string): string {
  return dateFormat.format(new Date(isoTime));
}
