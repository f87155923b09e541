import type { RosterEntry } from '../../operator-api.ts';
import { element } from '../browser.ts';
import { elementOf, setText } from './dom.ts';
import { groupsOf, matcherOf, noGroup } from './entry-filter.ts';

export interface FilterFormOptions {
  onChange: () => void;
  onGroupActions: (group: string) => void;
}

/** The form above the table of screens. */
export class FilterForm {
  readonly #words = elementOf('words', HTMLInputElement);
  readonly #group = elementOf('group', HTMLSelectElement);
  readonly #problemsOnly = elementOf('problems-only', HTMLInputElement);
  readonly #groupActions = elementOf('group-actions', HTMLButtonElement);
  #groups = '';

  constructor({ onChange, onGroupActions }: FilterFormOptions) {
    const form = element('filter');
    form.addEventListener('input', onChange);
    form.addEventListener('submit', (event) => event.preventDefault());
    this.#groupActions.addEventListener('click', () => onGroupActions(this.#group.value));
  }

  /** Offers the groups of the entries, and returns whether an entry matches the filter. */
  update(entries: readonly RosterEntry[]): (entry: RosterEntry) => boolean {
    this.#offerGroups(groupsOf(entries));
    const group = this.#group.value;
    this.#groupActions.hidden = group === '' || group === noGroup;
    setText(this.#groupActions, `Actions for the group ${group}`);
    return matcherOf({ words: this.#words.value, group, problemsOnly: this.#problemsOnly.checked });
  }

  #offerGroups(groups: readonly (readonly [group: string, count: number])[]): void {
    const key = JSON.stringify(groups);
    if (key === this.#groups) return;
    this.#groups = key;
    const chosen = this.#group.value;
    const options = groups.map(([group, count]) => {
      return new Option(`${group === noGroup ? 'No group' : group} (${count})`, group);
    });
    // A chosen group that has lost its last member stays chosen, and shows no rows.
    if (chosen !== '' && groups.every(([group]) => group !== chosen)) options.push(new Option(`${chosen} (0)`, chosen));
    this.#group.replaceChildren(new Option('All groups', ''), ...options);
    this.#group.value = chosen;
    const names = groups.map(([group]) => group).filter((group) => group !== noGroup);
    element('groups').replaceChildren(...names.map((name) => new Option(name)));
  }
}
