import type { Connection } from './connection/shell.ts';
import type { Painter } from './painter.ts';

export interface PanelOptions {
  connection: Connection;
  painter: Painter;
  /** The zone that is shown. */
  zone: () => string;
  serverBuild: () => string;
  /** What the address asked for in vain. */
  complaints: readonly string[];
}

const settings: readonly (readonly [name: string, label: string, choices: readonly string[] | string])[] = [
  ['face', 'Face', ['', 'digital', 'analog', '12h']],
  ['zone', 'Zone', 'Europe/Madrid'],
  ['zone2', 'Second zone', 'Asia/Tokyo'],
  ['hours', 'Hours', ['', '24', '12']],
  ['seconds', 'Seconds', ['', 'on', 'off']],
  ['date', 'Date', ['', 'on', 'off']],
  ['weekday', 'Weekday', ['', 'on', 'off']],
  ['lang', 'Language', 'es'],
  ['size', 'Size, %', '100'],
  ['ink', 'Colour', 'f4f5f7'],
  ['ground', 'Background', 'transparent'],
  ['trim', 'Screen is late by, ms', '0'],
  ['shift', 'Move against burn-in', ['', 'on', 'off']],
  ['stale', 'When not live', ['', 'hold', 'dash']],
];

/** Opens the panel, or closes it when it is open. What it tells is asked for each second. */
export function togglePanel(options: PanelOptions): void {
  const open = document.querySelector<HTMLDialogElement>('#panel');
  if (open !== null) return open.close();
  const panel = make('dialog', { id: 'panel', 'aria-labelledby': 'about' });
  const list = make('dl', {});
  const close = make('button', { type: 'button' }, 'Close');
  close.addEventListener('click', () => panel.close());
  panel.append(make('h2', { id: 'about', tabindex: '-1', autofocus: '' }, 'This clock'), list, sheet(), close);
  const fill = (): void => {
    const entries = facts(options);
    list.replaceChildren(...entries.flatMap(([name, text]) => [make('dt', {}, name), make('dd', {}, text)]));
  };
  fill();
  const timer = setInterval(fill, 1_000);
  panel.addEventListener('close', () => {
    clearInterval(timer);
    panel.remove();
  });
  document.body.append(panel);
  panel.showModal();
}

function facts({ connection, painter, zone, serverBuild, complaints }: PanelOptions): [string, string][] {
  const { house, state } = connection;
  const { offsetMs, errorMs } = house;
  const { latenessMs, trimMs } = painter;
  const ms = (value: number | null): string => (value === null ? 'not known' : `${value.toFixed(1)} ms`);
  const own = document.documentElement.dataset['build'] ?? '';
  const whole = errorMs === null ? 'not known' : `± ${Math.ceil(errorMs + latenessMs)} ms`;
  return [
    ['Source', `${location.host}/time/tic/, house time in ${zone()}`],
    ['State', house.isHeld ? `${state}, from memory` : state],
    ['Offset of this device', ms(offsetMs)],
    ['Error', `${whole}: clock ${ms(errorMs)}, frames ${ms(latenessMs)}, trim ${trimMs} ms`],
    ['Build', serverBuild() === own || serverBuild() === '' ? own : `${own}, server ${serverBuild()}`],
    ['Address', location.href],
    ...(isSecureContext ? [] : [['Missing', missing] as [string, string]]),
    ...complaints.map((text): [string, string] => ['In the address', text]),
  ];
}

const missing =
  'wake lock, installing and the page kept for power cuts: browsers allow them over https or on localhost alone';

/** A form whose fields are those of the address: to send it is to go there. */
function sheet(): HTMLElement {
  const form = make('form', { method: 'get', action: location.pathname });
  const asked = new URLSearchParams(location.search);
  for (const [name, label, choices] of settings) {
    const value = asked.get(name) ?? '';
    const wrap = make('label', {}, label);
    wrap.append(typeof choices === 'string' ? input(name, value, choices) : select(name, value, choices));
    form.append(wrap);
  }
  form.append(make('button', {}, 'Show it so'));
  // What is empty is the default, and need not stand in the address.
  form.addEventListener('formdata', ({ formData }) => {
    for (const [name] of settings) if (formData.get(name) === '') formData.delete(name);
  });
  const details = make('details', {});
  details.append(make('summary', {}, 'Settings'), form);
  return details;
}

function input(name: string, value: string, example: string): HTMLElement {
  return make('input', { name, value, placeholder: example, autocomplete: 'off' });
}

function select(name: string, value: string, choices: readonly string[]): HTMLElement {
  const made = make('select', { name });
  made.append(...choices.map((choice) => make('option', { value: choice }, choice || 'default')));
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
