import { element, pathAndQuery } from '../browser.ts';
import type { ApiProblem } from './api.ts';

/** The line above the table that says why its rows are out of date. */
export class UpdateProblem {
  readonly #line = element('update-problem');
  #updatedAt: string | null = null;

  /** To be called after each successful update. */
  clear(): void {
    this.#updatedAt = new Date().toLocaleTimeString();
    if (this.#line.textContent !== '') this.#line.textContent = '';
  }

  /** Returns whether another attempt can succeed. */
  show({ status, message }: ApiProblem): boolean {
    if (status === 401 || status === 403) {
      this.#showSignIn(status === 401 ? 'You are signed out. ' : 'Your account is no longer an operator. ');
      return false;
    }
    const since = this.#updatedAt === null ? '' : ` The list is from ${this.#updatedAt}.`;
    const text = `${message}${since} Trying again.`;
    if (this.#line.textContent !== text) this.#line.textContent = text;
    return true;
  }

  #showSignIn(text: string): void {
    const link = document.createElement('a');
    link.href = `/accounts/login/?next=${pathAndQuery()}`;
    link.textContent = 'Sign in';
    this.#line.replaceChildren(text, link);
  }
}
