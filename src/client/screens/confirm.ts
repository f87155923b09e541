import { element } from '../browser.ts';
import { elementOf } from './dom.ts';
import type { Question } from './screen-action.ts';

/** Answers the question that is open. */
let answer: (isConfirmed: boolean) => void = () => {};

/** Asks before an action that cannot be undone. Resolves to false if the dialog is closed in any other way. */
export function askToConfirm({ title, text, confirm }: Question): Promise<boolean> {
  answer(false);
  element('confirm-title').textContent = title;
  element('confirm-text').textContent = text;
  element('confirm-ok').textContent = confirm;
  elementOf('confirm-dialog', HTMLDialogElement).showModal();
  return new Promise((resolve) => (answer = resolve));
}

/** To be called once. */
export function connectConfirmDialog(): void {
  const dialog = elementOf('confirm-dialog', HTMLDialogElement);
  const end = (isConfirmed: boolean): void => {
    answer(isConfirmed);
    dialog.close();
  };
  element('confirm-cancel').addEventListener('click', () => end(false));
  element('confirm-ok').addEventListener('click', () => end(true));
  // The event comes late: by then the dialog may be open again with another question.
  dialog.addEventListener('close', () => !dialog.open && answer(false));
}
