import { element, pathAndQuery } from './browser.ts';

export interface ControlsOptions {
  /** The sentence that `Read the time` announces. */
  describe: () => string;
  onDetails: () => void;
}

/** Connects the page's buttons, a click on the clock and the key `i`. */
export function connectControls({ describe, onDetails }: ControlsOptions): void {
  element('sign-in').setAttribute('href', `/accounts/login/?next=${pathAndQuery()}`);
  element('read').addEventListener('click', () => (element('reading').textContent = describe()));
  element('details').addEventListener('click', onDetails);
  element('display').parentElement?.addEventListener('click', ({ target }) => {
    if (!(target instanceof Element && target.closest('a, button'))) onDetails();
  });
  addEventListener('keydown', ({ key, target, ctrlKey, metaKey, altKey }) => {
    const isField = target instanceof Element && target.matches('input, select');
    if (key === 'i' && !ctrlKey && !metaKey && !altKey && !isField) onDetails();
  });
}
