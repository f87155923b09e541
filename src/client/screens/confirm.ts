import { element } from '../browser.ts';
import { elementOf } from './dom.ts';
import type { Question } from './screen-action.ts';

/** Asks before an action that cannot be undone. Resolves to false if the dialog is closed in any other way. */
export function askToConfirm({ title, text, confirm }: Question): Promise<boolean> {
  const dialog = elementOf('confirm-dialog', HTMLDialogElement);
  element('confirm-title').textContent = title;
  element('confirm-text').textContent = text;
  element('confirm-ok').textContent = confirm;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'confirmed'), { once: true });
  });
}

/** To be called once. */
export function connectConfirmDialog(): void {
  const dialog = elementOf('confirm-dialog', HTMLDialogElement);
  element('confirm-cancel').addEventListener('click', () => dialog.close(''));
  element('confirm-ok').addEventListener('click', () => dialog.close('confirmed'));
}
