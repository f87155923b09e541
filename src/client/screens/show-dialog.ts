import type { Shown } from '../../operator-api.ts';
import { runInBackground } from '../../background.ts';
import { element } from '../browser.ts';
import { elementOf, setText } from './dom.ts';
import { canKeep, fieldsOf, showRequest, type CountKind, type ShowFields } from './show-request.ts';
import { everybody, type TargetKey } from './shown.ts';

/** A group of targets in the list of the form. */
export interface TargetGroup {
  label: string;
  targets: readonly { key: TargetKey; text: string }[];
}

export interface ShowDialogOptions {
  /** House time, epoch ms. */
  now: () => number;
  /** What is set for a target. */
  shownFor: (target: TargetKey) => Shown | undefined;
  targets: () => readonly TargetGroup[];
  /** The zone of the clock; null while it is unknown. */
  zone: () => string | null;
  /** Resolves to the problem, or to null if the request succeeded. */
  send: (body: object, target: TargetKey) => Promise<string | null>;
}

const texts = ['message', 'hours', 'minutes', 'seconds', 'time', 'label', 'warnings', 'lifetime'] as const;

/** The form that sets what is shown. It begins with what is set for its target. */
export class ShowDialog {
  readonly #options: ShowDialogOptions;
  readonly #dialog = elementOf('show-dialog', HTMLDialogElement);
  readonly #form = elementOf('show-form', HTMLFormElement);
  readonly #target = elementOf('show-target', HTMLSelectElement);
  readonly #submit = elementOf('show-submit', HTMLButtonElement);
  /** Whether the operator has typed or chosen anything but the target. */
  #isChanged = false;

  constructor(options: ShowDialogOptions) {
    this.#options = options;
    element('show-cancel').addEventListener('click', () => this.#dialog.close());
    this.#target.addEventListener('input', (event) => {
      event.stopPropagation();
      this.#onTarget();
    });
    this.#form.addEventListener('input', () => {
      this.#isChanged = true;
      this.#showParts();
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      runInBackground(this.#run());
    });
  }

  open(target: TargetKey): void {
    this.#offerTargets(target);
    this.#isChanged = false;
    setText(element('show-zone'), `The next such time in ${this.#options.zone() ?? 'the zone of the clock'}.`);
    this.#onTarget();
    this.#dialog.showModal();
    element('show-title').focus();
  }

  #offerTargets(target: TargetKey): void {
    const groups = this.#options.targets().map(({ label, targets }) => {
      const group = document.createElement('optgroup');
      group.label = label;
      group.append(...targets.map(({ key, text }) => new Option(text, key)));
      return group;
    });
    this.#target.replaceChildren(new Option('Every screen', everybody), ...groups);
    this.#target.value = target;
  }

  /** What the operator typed remains when another target is chosen. */
  #onTarget(): void {
    this.#showProblem(null);
    const shown = this.#shown;
    if (!this.#isChanged) this.#fill(fieldsOf(this.#target.value, shown, this.#options.now()));
    setText(element('show-now'), shown === undefined ? '' : 'Replaces what is shown there now.');
    this.#showParts();
  }

  get #shown(): Shown | undefined {
    return this.#options.shownFor(this.#target.value);
  }

  /** The countdown of the target, if it can go on. */
  get #kept(): Shown['show']['countdown'] {
    const countdown = this.#shown?.show.countdown;
    return countdown !== undefined && canKeep(countdown, this.#options.now()) ? countdown : undefined;
  }

  #fill(fields: ShowFields): void {
    for (const name of texts) this.#input(name).value = fields[name];
    this.#choose(fields.count);
  }

  #choose(count: CountKind): void {
    this.#choice(count).checked = true;
  }

  /** Shows the fields of the chosen count. */
  #showParts(): void {
    const keep = this.#choice('keep');
    const canChooseKeep = this.#kept !== undefined;
    if (!canChooseKeep && keep.checked) this.#choose('none');
    if (keep.parentElement !== null) keep.parentElement.hidden = !canChooseKeep;
    const { count } = this.#fields();
    const countsUp = count === 'up' || (count === 'keep' && this.#kept?.until === undefined);
    element('show-duration').hidden = count !== 'duration';
    element('show-until').hidden = count !== 'time';
    element('show-details').hidden = count === 'none';
    element('show-warn').hidden = countsUp;
  }

  #fields(): ShowFields {
    const fields: Record<string, string> = {};
    new FormData(this.#form).forEach((value, name) => (fields[name] = String(value)));
    return fields as unknown as ShowFields;
  }

  async #run(): Promise<void> {
    if (this.#submit.disabled) return;
    const fields = this.#fields();
    const outcome = showRequest(fields, this.#kept);
    if ('problem' in outcome) return this.#showProblem(outcome.problem, outcome.field);
    this.#showProblem(null);
    this.#submit.disabled = true;
    try {
      const problem = await this.#options.send(outcome.body, fields.target);
      if (problem === null) this.#dialog.close();
      else this.#showProblem(problem);
    } finally {
      this.#submit.disabled = false;
    }
  }

  /** Shows a problem with a field, or with the request. */
  #showProblem(problem: string | null, field?: keyof ShowFields): void {
    const line = element('show-problem');
    line.classList.toggle('alert', problem !== null);
    line.textContent = problem ?? '';
    for (const name of texts) this.#input(name).removeAttribute('aria-invalid');
    if (field === undefined || field === 'count' || field === 'target') return;
    this.#input(field).setAttribute('aria-invalid', 'true');
    this.#input(field).focus();
  }

  #input(name: (typeof texts)[number]): HTMLInputElement | HTMLTextAreaElement {
    return element(`show-${name}`) as HTMLInputElement | HTMLTextAreaElement;
  }

  #choice(count: CountKind): HTMLInputElement {
    const found = this.#form.querySelector<HTMLInputElement>(`input[value=${count}]`);
    if (found === null) throw new Error(`there is no choice ${count}`);
    return found;
  }
}
