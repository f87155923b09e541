import type { Connection } from './connection/shell.ts';
import { type FaceParameter, faceParameters } from './face-parameters.ts';
import type { Painter } from './painter.ts';
import { loadStyleSheet } from './style-sheet.ts';

const refreshMs = 1_000;

export interface PanelOptions {
  connection: Connection;
  painter: Painter;
  /** The zone that is shown; null while it is unknown. */
  zone: () => string | null;
  serverBuild: () => string;
  /** The current warnings, a sentence each. */
  warnings: () => readonly string[];
}

/**
 * Opens the panel, or closes it if it is open. While it is open its facts are refreshed each second. Rejects if the
 * server does not deliver its style sheet.
 */
export async function togglePanel(options: PanelOptions): Promise<void> {
  await loadStyleSheet('/static/panel.css');
  const open = document.querySelector<HTMLDialogElement>('#panel');
  if (open !== null) return closePanel(open);
  const panel = make('dialog', { id: 'panel', 'aria-labelledby': 'about' });
  const list = make('dl', {});
  const close = make('button', { type: 'button' }, 'Close');
  close.addEventListener('click', () => closePanel(panel));
  panel.append(make('h2', { id: 'about', tabindex: '-1', autofocus: '' }, 'This clock'), list, settingsSheet(), close);
  const fill = (): void => {
    list.textContent = '';
    for (const [name, text] of facts(options)) list.append(make('dt', {}, name), make('dd', {}, text));
  };
  fill();
  const timer = setInterval(fill, refreshMs);
  panel.addEventListener('close', () => {
    clearInterval(timer);
    panel.remove();
  });
  document.body.append(panel);
  if (hasDialogs(panel)) panel.showModal();
  else panel.className = 'plain';
}

function closePanel(panel: HTMLDialogElement): void {
  if (hasDialogs(panel)) panel.close();
  else panel.dispatchEvent(new Event('close'));
}

/** False in Safari before 15.4, where the panel is a box over the page. */
function hasDialogs(panel: HTMLDialogElement): boolean {
  return typeof panel.showModal === 'function';
}

function facts({ connection, painter, zone, serverBuild, warnings }: PanelOptions): [string, string][] {
  const { house, utc, state } = connection;
  const { offsetMs, errorMs } = house;
  const { latenessMs, trimMs } = painter;
  const ms = (value: number | null): string => (value === null ? 'unknown' : `${value.toFixed(1)} ms`);
  const { build: own = '', screen, group, setFace } = document.documentElement.dataset;
  const total = errorMs === null ? 'unknown' : `± ${Math.ceil(errorMs + latenessMs + (utc.errorMs ?? 0))} ms`;
  return [
    ['Source', `${location.host}/time/tic/, house time in ${zone() ?? 'an unknown zone'}`],
    ['State', house.isHeld ? `${state}, free-running: no recent exchange with the server` : state],
    ['Offset of this device', ms(offsetMs)],
    ['Error', `${total}: clock ${ms(errorMs)}, frames ${ms(latenessMs)}, trim ${trimMs} ms`],
    ['UTC', utcText(utc)],
    ['Build', serverBuild() === own || serverBuild() === '' ? own : `${own}, server ${serverBuild()}`],
    // Without the fragment, which may be the key of a link.
    ['Address', location.href.replace(location.hash, '')],
    ...optional('Screen', screen === undefined || group === undefined ? screen : `${screen}, group ${group}`),
    ...optional('Face set by operators', setFace),
    ...optional('Missing', isSecureContext ? undefined : missing),
    ...warnings().map((text): [string, string] => ['Warning', text]),
  ];
}

function optional(name: string, text: string | undefined): [string, string][] {
  return text === undefined ? [] : [[name, text]];
}

function utcText({ errorMs, isAlarm }: Connection['utc']): string {
  if (errorMs === null) return isAlarm ? 'alarm: no usable NTP server' : 'house time is not checked against UTC';
  return `${isAlarm ? 'alarm: ' : ''}house time may differ by ${errorMs.toFixed(1)} ms, which the error includes`;
}

const missing = 'wake lock, installation and the offline page: browsers allow them only over https or on localhost';

/** A form whose fields are the parameters of the address: submitting it opens that address. */
function settingsSheet(): HTMLElement {
  const form = make('form', {});
  const given = new URLSearchParams(location.search);
  for (const [name, parameter] of Object.entries<FaceParameter<unknown>>(faceParameters)) {
    const { label, choices, meaning } = parameter;
    const value = given.get(name) ?? '';
    const field = make('label', { title: meaning.replace(/`/g, '') }, label);
    field.append(typeof choices === 'string' ? input(name, value, choices) : select(name, value, choices));
    form.append(field);
  }
  form.append(make('button', { type: 'submit' }, 'Apply'));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    location.assign(location.pathname + queryOf(new FormData(form)) + location.hash);
  });
  const details = make('details', {});
  details.append(make('summary', {}, 'Settings'), form);
  return details;
}

/** The query for the settings. An empty field means the default and is omitted. */
function queryOf(fields: FormData): string {
  const query = new URLSearchParams();
  for (const [name, value] of fields) if (typeof value === 'string' && value !== '') query.append(name, value);
  const text = String(query);
  return text === '' ? '' : `?${text}`;
}

function input(name: string, value: string, example: string): HTMLElement {
  return make('input', { type: 'text', name, value, placeholder: example, autocomplete: 'off' });
}

function select(name: string, value: string, choices: readonly string[]): HTMLElement {
  const made = make('select', { name });
  made.append(...['', ...choices].map((choice) => make('option', { value: choice }, choice || 'default')));
  const word = { '1': 'on', '0': 'off' }[value] ?? value;
  made.value = choices.includes(word) ? word : '';
  return made;
}

function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Record<string, string>,
  text = '',
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}
