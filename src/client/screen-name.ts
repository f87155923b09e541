import type { Command, ScreenInfo } from '../protocol.ts';
import { element } from './browser.ts';
import { schedule } from './schedule.ts';
import { loadStyleSheet } from './style-sheet.ts';
import { Timer } from './timer.ts';

const shownMs = 8_000;
/** In percent of the shorter side of the window. */
const textPercent = { largest: 40, smallest: 6 };
const shownTimer = new Timer(schedule);

/** Runs `identify` and `rename`. Rejects if the server does not deliver the style sheet. */
export async function runCommand(command: Command): Promise<void> {
  if (command.name === 'rename') await rename({ name: command.screen, group: command.group });
  if (command.name !== 'identify') return;
  await loadStyle();
  showName(command.text);
}

/** Keeps the name for the panel, which reads it from the root element. */
export async function rename({ name, group }: Pick<ScreenInfo, 'name' | 'group'>): Promise<void> {
  const { dataset } = document.documentElement;
  dataset['screen'] = name;
  if (group === null) delete dataset['group'];
  else dataset['group'] = group;
  // Loaded with the name, so that the screen can identify itself at once.
  await loadStyle();
}

async function loadStyle(): Promise<void> {
  await loadStyleSheet('/static/screen-name.css');
}

/** Covers the page with a name for some seconds, and announces it once. */
function showName(name: string): void {
  hideName();
  const box = document.createElement('div');
  box.id = 'name';
  box.dir = 'auto';
  box.setAttribute('aria-hidden', 'true');
  box.textContent = name;
  // Only an element in a modal dialog is shown above it.
  (document.querySelector('dialog[open]') ?? document.documentElement).append(box);
  fitText(box);
  element('reading').textContent = name;
  shownTimer.set(shownMs, hideName);
}

function hideName(): void {
  document.querySelector('#name')?.remove();
  element('reading').textContent = '';
}

/** Makes the text as large as the box allows. Words are broken only if they are too long at the smallest size. */
function fitText(box: HTMLElement): void {
  let percent = textPercent.largest;
  const fits = (): boolean => {
    box.style.fontSize = `${percent}vmin`;
    return box.scrollHeight <= box.clientHeight && box.scrollWidth <= box.clientWidth;
  };
  while (!fits() && percent > textPercent.smallest) percent *= 0.93;
  if (!fits()) box.style.wordBreak = 'break-all';
}
