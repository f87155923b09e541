import type { RosterEntry } from '../../operator-api.ts';
import { dateText, setAttribute, setText } from './dom.ts';
import { hasSettings, kindLabel, stateLabel } from './entry.ts';

/** The cells of a row, in the order of the table's header. */
const cells = ['state', 'name', 'group', 'address', 'build', 'error', 'seen', 'actions'] as const;
type CellName = (typeof cells)[number];

/** On narrow windows a row is a card, and these precede the values. */
const labels: Partial<Record<CellName, string>> = {
  group: 'Group',
  address: 'Address',
  build: 'Build',
  error: 'Error',
  seen: 'Last seen',
};

/** A row of the table. It changes in place. */
export class EntryRow {
  readonly node: HTMLElement;

  constructor(entry: RosterEntry) {
    this.node = template.cloneNode(true) as HTMLElement;
    this.node.dataset['key'] = entry.key;
    this.update(entry);
  }

  update(entry: RosterEntry): void {
    const { name, group, address, build, connections, problem } = entry;
    setAttribute(this.node, 'data-problem', problem ?? 'none');
    this.#set('state', stateLabel(entry));
    setText(this.#find('bdi'), name);
    setText(this.#find('.kind'), entry.kind === 'screen' ? '' : kindLabel(entry));
    setText(this.#find('.count'), connections > 1 ? `${connections} connections` : '');
    this.#set('group', group ?? '');
    this.#set('address', address ?? '');
    this.#set('build', build ?? '');
    this.#set('error', errorText(entry));
    this.#set('seen', seenText(entry));
    const [identify, more] = [this.#button('identify'), this.#button('more')];
    identify.hidden = !hasSettings(entry);
    identify.disabled = connections === 0;
    setAttribute(identify, 'aria-label', `Identify ${name}`);
    setAttribute(more, 'aria-label', `More about ${name}`);
  }

  #set(name: CellName, text: string): void {
    setText(this.#find(`.${name}`), text);
  }

  #button(name: string): HTMLButtonElement {
    return this.#find(`[data-button=${name}]`) as HTMLButtonElement;
  }

  #find(selector: string): Element {
    const found = this.node.querySelector(selector);
    if (found === null) throw new Error(`a row has no ${selector}`);
    return found;
  }
}

const template = createTemplate();

function createTemplate(): HTMLElement {
  const row = document.createElement('tr');
  // The style sheet changes the display of rows and cells. In some browsers they lose their table roles with it.
  row.setAttribute('role', 'row');
  for (const name of cells) row.append(createCell(name));
  return row;
}

function createCell(name: CellName): HTMLElement {
  const cell = document.createElement(name === 'name' ? 'th' : 'td');
  cell.className = name;
  cell.setAttribute('role', name === 'name' ? 'rowheader' : 'cell');
  const label = labels[name];
  if (label !== undefined) cell.dataset['label'] = label;
  if (name === 'name') cell.append(document.createElement('bdi'), span('kind'), span('count'));
  if (name === 'actions') cell.append(rowButton('identify', 'Identify'), rowButton('more', 'More'));
  return cell;
}

function span(name: string): HTMLElement {
  const made = document.createElement('span');
  made.className = name;
  return made;
}

function rowButton(name: string, text: string): HTMLElement {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.dataset['button'] = name;
  if (name === 'more') made.setAttribute('aria-haspopup', 'dialog');
  return made;
}

function errorText({ errorMs }: RosterEntry): string {
  return errorMs === null ? '' : `± ${Math.ceil(errorMs)} ms`;
}

/** The last message of a connected screen is at most 45 s old. */
function seenText({ state, lastSeen }: RosterEntry): string {
  if (state !== 'away' && state !== 'silent') return 'now';
  return lastSeen === null ? 'never' : dateText(lastSeen);
}
