import type { RosterEntry, Shown, ShowsResponse } from '../../operator-api.ts';
import { runInBackground } from '../../background.ts';
import { element } from '../browser.ts';
import type { ActionResult } from './action-dialog.ts';
import { type Api, ApiProblem } from './api.ts';
import { groupsOf, noGroup } from './entry-filter.ts';
import { hasSettings } from './entry.ts';
import { ShowDialog, type TargetGroup } from './show-dialog.ts';
import { ShownList } from './shown-list.ts';
import { everybody, keyOf, targetOf, targetText, timeFormat, type TargetKey } from './shown.ts';

export interface ShowsPanelOptions {
  api: Api;
  onResult: (result: ActionResult) => void;
  /** Called after each change. The caller updates the panel. */
  onChanged: () => void;
}

/** What is shown besides the time: the list, and the dialog that sets it. */
export class ShowsPanel {
  readonly #options: ShowsPanelOptions;
  readonly #list: ShownList;
  readonly #dialog: ShowDialog;
  #shows: readonly Shown[] = [];
  #zone: string | null = null;
  #timeOf = timeFormat(null);
  #houseMinusMonotonicMs = 0;
  #members: readonly RosterEntry[] = [];
  /** Of the screens and links, by id. */
  #names: ReadonlyMap<string, string> = new Map();

  constructor(options: ShowsPanelOptions) {
    this.#options = options;
    const now = (): number => performance.now() + this.#houseMinusMonotonicMs;
    this.#list = new ShownList({
      now,
      onExtend: (target, minutes) => runInBackground(this.#extend(target, minutes)),
      onChange: (target) => this.open(target),
      onClear: (target) => runInBackground(this.#clear(target)),
    });
    this.#dialog = new ShowDialog({
      now,
      shownFor: (target) => this.#shows.find((shown) => keyOf(shown) === target),
      targets: () => this.#targets(),
      zone: () => this.#zone,
      send: (body, target) => this.#show(body, target),
    });
    element('show-new').addEventListener('click', () => this.open(everybody));
  }

  /** Opens the dialog for a target. */
  open(target: TargetKey): void {
    this.#dialog.open(target);
  }

  setEntries(entries: readonly RosterEntry[]): void {
    this.#members = entries.filter(hasSettings);
    this.#names = new Map(this.#members.map(({ id, name }) => [id, name]));
    this.#update();
  }

  apply({ now, zone, shows }: ShowsResponse): void {
    this.#houseMinusMonotonicMs = now - performance.now();
    if (zone !== this.#zone) this.#timeOf = timeFormat(zone);
    this.#zone = zone;
    this.#shows = shows;
    this.#update();
  }

  #update(): void {
    this.#list.update(this.#shows, this.#names, this.#timeOf);
  }

  /** The groups, and the screens and links. */
  #targets(): TargetGroup[] {
    const names = groupsOf(this.#members).map(([name]) => name);
    const set = this.#shows.map(({ group }) => group).filter((group): group is string => group !== null);
    const groups = [...new Set([...names, ...set])].filter((name) => name !== noGroup).sort();
    const screens = [...this.#names].sort(([, a], [, b]) => a.localeCompare(b));
    return [
      { label: 'Groups', targets: groups.map((name) => ({ key: `group/${name}`, text: `Group ${name}` })) },
      { label: 'Screens and links', targets: screens.map(([id, name]) => ({ key: `screen/${id}`, text: name })) },
    ].filter(({ targets }) => targets.length > 0);
  }

  async #show(body: object, target: TargetKey): Promise<string | null> {
    const problem = await this.#post(body);
    if (problem === null) this.#report(true, `Shown: ${this.#textOf(target)}.`);
    return problem;
  }

  async #extend(target: TargetKey, minutes: number): Promise<void> {
    const problem = await this.#post({ ...targetOf(target), extendMs: minutes * 60_000 });
    this.#report(problem === null, problem ?? `Extended by ${minutes} min: ${this.#textOf(target)}.`);
  }

  async #clear(target: TargetKey): Promise<void> {
    const problem = await this.#post({ ...targetOf(target), show: null });
    this.#report(problem === null, problem ?? `Cleared: ${this.#textOf(target)}.`);
  }

  /** Returns the problem; null without one. */
  async #post(body: object): Promise<string | null> {
    try {
      await this.#options.api.post('/api/show', body);
    } catch (error) {
      if (error instanceof ApiProblem) return error.message;
      throw error;
    }
    this.#options.onChanged();
    return null;
  }

  #textOf(target: TargetKey): string {
    return targetText(target, this.#names);
  }

  #report(isDone: boolean, text: string): void {
    this.#options.onResult({ isDone, text });
  }
}
