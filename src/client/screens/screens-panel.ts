import type { RosterEntry, RosterUpdate, ShowsResponse } from '../../operator-api.ts';
import { runInBackground } from '../../background.ts';
import { element } from '../browser.ts';
import { schedule } from '../schedule.ts';
import { ActionDialog, type ActionResult } from './action-dialog.ts';
import { type Api, ApiProblem } from './api.ts';
import { askToConfirm } from './confirm.ts';
import { compareEntries } from './entry-order.ts';
import { EntryTable, type RowButton } from './entry-table.ts';
import { FilterForm } from './filter-form.ts';
import { Poll } from './poll.ts';
import { RosterCopy } from './roster-copy.ts';
import { doneText, questionFor, requestOf, type ScreenActionName, type Target } from './screen-action.ts';
import { ShowsPanel } from './shows-panel.ts';
import { summaryOf } from './summary.ts';
import { UpdateProblem } from './update-problem.ts';

const pollEveryMs = 2_000;
/** The server reads the roster at most this often, so an earlier answer may not show the result of an action. */
const rosterAgeMs = 1_000;

export interface ScreensPanelOptions {
  api: Api;
  onResult: (result: ActionResult) => void;
}

/** The tab with the roster and what it shows: polls the server while the page is visible, and carries out actions. */
export class ScreensPanel {
  readonly #options: ScreensPanelOptions;
  readonly #roster = new RosterCopy();
  readonly #table = new EntryTable(element('entries'), (key, button) => this.#onRowButton(key, button));
  readonly #dialog: ActionDialog;
  readonly #filter: FilterForm;
  readonly #problem = new UpdateProblem();
  readonly #poll: Poll;
  readonly #shows: ShowsPanel;

  constructor(options: ScreensPanelOptions) {
    this.#options = options;
    this.#dialog = new ActionDialog({
      act: (action, target, value) => this.#act(action, target, value),
      onShow: (target) => this.#shows.open('entry' in target ? `screen/${target.entry.id}` : `group/${target.group}`),
      onResult: options.onResult,
    });
    this.#shows = new ShowsPanel({ ...options, onChanged: () => runInBackground(this.#poll.runNow()) });
    this.#filter = new FilterForm({
      onChange: () => this.#show(),
      onGroupActions: (group) => this.#dialog.open({ group, count: this.#roster.membersOf(group).size }),
    });
    this.#poll = new Poll({
      everyMs: pollEveryMs,
      run: () => this.#update(),
      isVisible: () => document.visibilityState === 'visible',
      schedule,
    });
  }

  start(): void {
    document.addEventListener('visibilitychange', () => runInBackground(this.#poll.runNow()));
    runInBackground(this.#poll.runNow());
  }

  async #update(): Promise<boolean> {
    const { version } = this.#roster;
    const { api } = this.#options;
    try {
      const [roster, shows] = await Promise.all([
        api.get<RosterUpdate>(`/api/screens${version === null ? '' : `?since=${version}`}`),
        api.get<ShowsResponse>('/api/show'),
      ]);
      this.#apply(roster);
      this.#shows.apply(shows);
      this.#problem.clear();
      return true;
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      return this.#problem.show(error);
    }
  }

  #apply(answer: RosterUpdate): void {
    const isFirst = this.#roster.version === null;
    const { changed, removed } = this.#roster.apply(answer);
    if (!isFirst && changed.length + removed.length === 0) return;
    this.#shows.setEntries(this.#roster.entries);
    this.#table.update(changed);
    this.#show();
    this.#table.forget(removed);
    const { key } = this.#dialog;
    const entry = changed.find((one) => one.key === key);
    if (entry !== undefined) this.#dialog.refresh(entry);
  }

  #show(): void {
    if (this.#roster.version === null) return;
    const { entries } = this.#roster;
    const matches = this.#filter.update(entries);
    const shown = entries.filter(matches).sort(compareEntries);
    this.#table.show(shown.map(({ key }) => key));
    element('summary').textContent = summaryOf(entries, shown);
  }

  #onRowButton(key: string, button: RowButton): void {
    const entry = this.#roster.get(key);
    if (entry === undefined) return;
    if (button === 'more') this.#dialog.open({ entry });
    else runInBackground(this.#identify(entry));
  }

  async #identify(entry: RosterEntry): Promise<void> {
    const result = await this.#act('identify', { entry }, '');
    if (result !== null) this.#options.onResult(result);
  }

  async #act(action: ScreenActionName, target: Target, value: string): Promise<ActionResult | null> {
    const question = questionFor(action, target, value);
    if (question !== null && !(await askToConfirm(question))) return null;
    try {
      await this.#options.api.post('/api/screens', requestOf(action, target, value));
    } catch (error) {
      if (error instanceof ApiProblem) return { isDone: false, text: error.message };
      throw error;
    }
    this.#poll.runAfter(rosterAgeMs);
    return { isDone: true, text: doneText(action, target, value) };
  }
}
