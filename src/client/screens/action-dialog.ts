import type { RosterEntry } from '../../operator-api.ts';
import { runInBackground } from '../../background.ts';
import { element } from '../browser.ts';
import { elementOf, setText } from './dom.ts';
import { hasSettings } from './entry.ts';
import { factsOf } from './entry-facts.ts';
import { faceQueryOf } from './face-query.ts';
import { nameOf, type ScreenActionName, type Target } from './screen-action.ts';

export interface ActionResult {
  isDone: boolean;
  text: string;
}

export interface ActionDialogOptions {
  /** Resolves to null if the operator cancelled it. */
  act: (action: ScreenActionName, target: Target, value: string) => Promise<ActionResult | null>;
  /** Called to set what the target shows besides the time. */
  onShow: (target: Target) => void;
  /** Called with a result that the dialog cannot show, because it closed. */
  onResult: (result: ActionResult) => void;
}

const settingNames = ['rename', 'group', 'face'] as const;

/** The details of an entry or a group, and what can be done with it. */
export class ActionDialog {
  readonly #options: ActionDialogOptions;
  readonly #dialog = elementOf('action-dialog', HTMLDialogElement);
  readonly #result = element('action-result');
  #target: Target | null = null;

  constructor(options: ActionDialogOptions) {
    this.#options = options;
    element('close').addEventListener('click', () => this.#dialog.close());
    element('action-show').addEventListener('click', () => this.#openShow());
    this.#dialog.addEventListener('close', () => {
      // The event comes late: by then the dialog may be open again.
      if (!this.#dialog.open) this.#target = null;
    });
    for (const control of this.#dialog.querySelectorAll<HTMLElement>('button[data-action]')) {
      control.addEventListener('click', () => this.#run(actionOf(control), ''));
    }
    for (const form of this.#dialog.querySelectorAll('form')) {
      form.addEventListener('submit', (event) => {
        event.preventDefault();
        const action = actionOf(form);
        const { value } = inputOf(action);
        this.#run(action, action === 'face' ? faceQueryOf(value) : value.trim());
      });
    }
  }

  /** The key of the entry that the dialog shows; null if it shows none. */
  get key(): string | null {
    return this.#target !== null && 'entry' in this.#target ? this.#target.entry.key : null;
  }

  open(target: Target): void {
    this.#target = target;
    this.#showResult({ isDone: true, text: '' });
    const values = 'entry' in target ? target.entry : { name: '', group: target.group, face: '' };
    inputOf('rename').value = values.name;
    inputOf('group').value = values.group ?? '';
    inputOf('face').value = values.face;
    this.#show(target);
    this.#dialog.showModal();
    element('action-title').focus();
  }

  /** Shows the present state of the entry. What the operator typed remains. */
  refresh(entry: RosterEntry): void {
    this.#target = { entry };
    this.#show(this.#target);
  }

  #show(target: Target): void {
    const entry = 'entry' in target ? target.entry : null;
    const canSet = entry === null || hasSettings(entry);
    const isAway = entry?.connections === 0;
    setText(element('action-title'), nameOf(target));
    setText(element('action-hint'), hintFor(target));
    for (const control of this.#dialog.querySelectorAll<HTMLElement>('[data-action]')) {
      const action = actionOf(control);
      control.hidden = action !== 'revoke' && (!canSet || (action === 'rename' && entry === null));
      if (action === 'identify' || action === 'reload') (control as HTMLButtonElement).disabled = isAway;
    }
    element('action-show').hidden = !canSet;
    showFacts(entry === null ? [] : factsOf(entry));
  }

  #openShow(): void {
    const target = this.#target;
    this.#dialog.close();
    if (target !== null) this.#options.onShow(target);
  }

  #run(action: ScreenActionName, value: string): void {
    const target = this.#target;
    if (target !== null) runInBackground(this.#runFor(action, target, value));
  }

  async #runFor(action: ScreenActionName, target: Target, value: string): Promise<void> {
    const result = await this.#options.act(action, target, value);
    if (result === null) return;
    // A revoked entry no longer exists, and the screens of a group that was changed belong to another group.
    const isGone = action === 'revoke' || (action === 'group' && 'group' in target);
    if (result.isDone && isGone) this.#dialog.close();
    if (this.#dialog.open) this.#showResult(result);
    else this.#options.onResult(result);
  }

  #showResult({ isDone, text }: ActionResult): void {
    this.#result.classList.toggle('alert', !isDone);
    this.#result.textContent = text;
  }
}

function actionOf(control: HTMLElement): ScreenActionName {
  return control.dataset['action'] as ScreenActionName;
}

function inputOf(action: ScreenActionName): HTMLInputElement {
  if (!(settingNames as readonly string[]).includes(action)) throw new Error(`${action} has no value`);
  return elementOf(`${action}-value`, HTMLInputElement);
}

function hintFor(target: Target): string {
  if ('group' in target) {
    return target.count === 1 ? 'One screen or link.' : `${target.count} screens and links, also those that are away.`;
  }
  const { connections } = target.entry;
  return connections === 0 ? 'It is away. Its name, group and face apply when it returns.' : '';
}

function showFacts(facts: readonly (readonly [name: string, value: string])[]): void {
  const list = element('facts');
  list.replaceChildren();
  for (const [name, value] of facts) {
    const [term, description] = [document.createElement('dt'), document.createElement('dd')];
    term.textContent = name;
    description.textContent = value;
    description.dir = 'auto';
    list.append(term, description);
  }
}
