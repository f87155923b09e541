import { element } from '../browser.ts';
import type { Code } from './pairing-requests.ts';

/** The elements of `/screen`. */
export class PairingView {
  readonly #message = element('message');
  readonly #question = element('question');
  readonly #pairing = element('pairing');
  readonly #qr = element('qr');

  /** Empty in the page that the service worker stored. */
  get csrfToken(): string {
    return element('screen').dataset['csrf'] ?? '';
  }

  setMessage(text: string): void {
    if (this.#message.textContent !== text) this.#message.textContent = text;
  }

  setCode(code: Code | null): void {
    setHidden(this.#question, true);
    setHidden(this.#pairing, code === null);
    if (code === null) return;
    const { url, qr } = code;
    element('code').textContent = code.code;
    element('address').textContent = (url ?? `${location.origin}/device`).replace(/^https?:\/\/|\?.*$/g, '');
    setHidden(element('how'), url === null);
    setHidden(element('unreachable'), url !== null);
    setHidden(this.#qr, qr === null);
    if (qr === null) return;
    this.#qr.setAttribute('viewBox', `0 0 ${qr.size} ${qr.size}`);
    this.#qr.firstElementChild?.setAttribute('d', qr.path);
  }

  confirmReplacing(): Promise<boolean> {
    setHidden(this.#question, false);
    element('replace').focus();
    return new Promise((resolve) => {
      const onClick = ({ target }: Event): void => {
        if (!(target instanceof Element) || target.id === '') return;
        this.#question.removeEventListener('click', onClick);
        if (target.id === 'replace') setHidden(this.#question, true);
        resolve(target.id === 'replace');
      };
      this.#question.addEventListener('click', onClick);
    });
  }
}

/** As an attribute, which an SVG element has no property for. */
function setHidden(target: Element, isHidden: boolean): void {
  if (isHidden) target.setAttribute('hidden', '');
  else target.removeAttribute('hidden');
}
