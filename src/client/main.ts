import { element, here, load, requestFrame } from './browser.ts';
import { Connection } from './connection/shell.ts';
import type { dress } from './dress.ts';
import { Face } from './face.ts';
import { Painter } from './painter.ts';
import type { togglePanel } from './panel.ts';
import { Renewal } from './renewal.ts';
import { keepAwake } from './wake-lock.ts';
import { schedule, scheduleChained } from './schedule.ts';
import { fetchState, socketAddress, socketOf } from './wire.ts';

const idleAfterMs = 10_000;
const installAfterMs = 2_000;
/** A wall has what it may need by then, and a visitor has gone. */
const stockAfterMs = 60_000;
/** How soon a live page that lacks its dress is loaded again: for the first time, and when that was in vain. */
const reloadAfterMs = { first: 1_000, again: 60_000 };

const root = document.documentElement;
const build = root.dataset['build'] ?? '';
const display = element('display');
const face = new Face({ root, display, state: element('state'), error: element('error') });
const renewal = new Renewal({
  build,
  schedule,
  random: Math.random,
  memory: sessionStorage,
  isServed: async (wanted) => (await (await fetch(location.href)).text()).includes(`data-build="${wanted}"`),
  reload: () => location.reload(),
});
let isFresh = false;
let told = { zone: '', build: '' };
let asked: { zone: string | null; complaints: readonly string[] } = { zone: null, complaints: [] };
/** Missing: it could not be had; it is when the server is back. */
let clothes: 'worn' | 'awaited' | 'missing' = location.search === '' ? 'worn' : 'awaited';

const connection = new Connection({
  openSocket: (events) => socketOf(new WebSocket(socketAddress(location.href)), events),
  fetchState: (timeoutMs, signal) => fetchState(location.href, timeoutMs, { signal }),
  now: () => performance.now(),
  wall: Date.now,
  random: Math.random,
  schedule: scheduleChained,
  build,
  onFresh: (fresh) => {
    isFresh = fresh;
    beginOrStop();
  },
  onState: (state) => {
    face.become(state);
    if (state !== 'live') face.doubt(null);
  },
  onZone: ({ zone }) => {
    if (zone === null) return;
    told = { ...told, zone };
    face.place(asked.zone ?? zone);
  },
  onBuild: (name) => {
    told = { ...told, build: name };
    renewal.heard(name);
  },
});
const painter = new Painter({
  house: connection.house,
  now: () => performance.now(),
  schedule: scheduleChained,
  requestFrame,
  look: () => connection.detectClockJump(),
  paint: (instant) => {
    face.show(instant);
    const { errorMs } = connection.house;
    face.doubt(errorMs === null ? null : errorMs + painter.latenessMs);
    connection.onDrawn();
  },
});

if (clothes === 'awaited') {
  void dressed().then(
    () => ((clothes = 'worn'), beginOrStop()),
    () => ((clothes = 'missing'), beginOrStop()),
  );
}
if ('WebSocket' in globalThis) connection.start();
else element('state').textContent = 'This browser has no WebSockets, and the time comes over one';
keepAwake();
schedule(() => void navigator.serviceWorker?.register('/sw.js').catch(() => {}), installAfterMs);
schedule(() => {
  for (const part of ['/static/dress.js', '/static/panel.js']) void fetch(part).catch(() => {});
}, stockAfterMs);

element('sign-in').setAttribute('href', `/accounts/login/?next=${here()}`);
element('read').addEventListener('click', () => (element('reading').textContent = face.read()));
element('details').addEventListener('click', () => void panel());
display.parentElement?.addEventListener('click', ({ target }) => {
  if (!(target instanceof Element && target.closest('a, button'))) void panel();
});
addEventListener('keydown', ({ key, target, ctrlKey, metaKey, altKey }) => {
  if (key === 'i' && !ctrlKey && !metaKey && !altKey && !isField(target)) void panel();
});
addEventListener('online', () => connection.wake());
addEventListener('pageshow', (event) => event.persisted && connection.resume());
document.addEventListener('resume', () => connection.resume());
document.addEventListener('visibilitychange', () => {
  connection.setVisible(!document.hidden);
  if (document.hidden) return;
  connection.wake();
  painter.refresh();
});

function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches('input, select');
}

let cancelIdle = schedule(() => root.classList.add('idle'), idleAfterMs);
for (const name of ['pointermove', 'pointerdown', 'keydown']) addEventListener(name, stir);

function stir(): void {
  cancelIdle();
  root.classList.remove('idle');
  cancelIdle = schedule(() => root.classList.add('idle'), idleAfterMs);
}

function beginOrStop(): void {
  if (isFresh && clothes === 'missing') {
    const [load] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    schedule(() => location.reload(), load?.type === 'reload' ? reloadAfterMs.again : reloadAfterMs.first);
  }
  if (isFresh && clothes === 'worn') painter.start();
  else painter.stop();
}

async function dressed(): Promise<void> {
  const part = await load<{ dress: typeof dress }>('/static/dress.js');
  const { look, complaints, dial } = part.dress(location.search, display);
  asked = { zone: look.zone, complaints };
  painter.trimMs = look.trimMs;
  face.staleIs = look.stale;
  face.wear(dial);
  const zone = look.zone ?? told.zone;
  if (zone !== '') face.place(zone);
}

async function panel(): Promise<void> {
  const part = await load<{ togglePanel: typeof togglePanel }>('/static/panel.js');
  const zone = (): string => asked.zone ?? told.zone;
  part.togglePanel({ connection, painter, zone, serverBuild: () => told.build, complaints: asked.complaints });
}
