import { element, pathAndQuery, requestFrame } from './browser.ts';
import { Connection } from './connection.ts';
import { Face, type ShownZone } from './face.ts';
import { markIdle } from './idle.ts';
import { LazyModule } from './lazy-module.ts';
import { Painter } from './painter.ts';
import type * as PanelModule from './panel.ts';
import { Renewal } from './renewal.ts';
import type * as ThemeModule from './theme.ts';
import { ThemeLoader } from './theme-loader.ts';
import { keepAwake } from './wake-lock.ts';
import { fetchState, isReachable, schedule, socketAddress, socketOf } from './wire.ts';

const registerAfterMs = 2_000;
/** A screen on a wall loads by then what it may need later; a visitor has left. */
const prefetchAfterMs = 60_000;
const lazyFiles = ['/static/theme.js', '/static/theme.css', '/static/panel.js', '/static/panel.css'];

/** The program of the clock's page: it connects the server's messages to the face, and the visitor to the panel. */
export class ClockApp {
  readonly #root = document.documentElement;
  readonly #build = this.#root.dataset['build'] ?? '';
  readonly #display = element('display');
  readonly #face = new Face({
    root: this.#root,
    display: this.#display,
    state: element('state'),
    error: element('error'),
  });
  readonly #panelModule = new LazyModule<typeof PanelModule>('/static/panel.js');
  readonly #themeModule = new LazyModule<typeof ThemeModule>('/static/theme.js');
  /** Null if the address describes no theme. */
  readonly #themeLoader =
    location.search === ''
      ? null
      : new ThemeLoader({
          load: async () => {
            const theme = await this.#themeModule.load();
            await theme.loadThemeStyle();
            return theme;
          },
          apply: (theme) => this.#setTheme(theme.applyTheme(location.search, this.#display)),
          onState: () => this.#paintOrStop(),
          schedule,
          reload: () => location.reload(),
        });
  readonly #renewal = new Renewal({
    build: this.#build,
    schedule,
    random: Math.random,
    memory: sessionStorage,
    isServed: async (build) => (await (await fetch(location.href)).text()).includes(`data-build="${build}"`),
    reload: () => location.reload(),
  });
  readonly #connection = new Connection({
    openSocket: (events) => socketOf(new WebSocket(socketAddress(location.href)), events),
    fetchState: (timeoutMs) => fetchState(location.href, timeoutMs),
    isReachable: (timeoutMs) => isReachable(location.href, timeoutMs),
    now: () => performance.now(),
    wall: Date.now,
    random: Math.random,
    schedule,
    build: this.#build,
    onState: (state) => {
      this.#face.setState(state);
      if (state !== 'live') this.#face.setError(null);
      this.#paintOrStop();
    },
    onZone: (zone) => this.#setHouseZone(zone),
    onBuild: (build) => {
      this.#serverBuild = build;
      this.#renewal.onBuild(build);
    },
  });
  readonly #painter = new Painter({
    house: this.#connection.house,
    now: () => performance.now(),
    schedule,
    requestFrame,
    detectClockJump: () => this.#connection.look(),
    paint: (second) => this.#paint(second),
  });
  #houseZone = '';
  #serverBuild = '';
  #theme: ThemeModule.Theme | null = null;

  start(): void {
    void this.#themeLoader?.load();
    if ('WebSocket' in globalThis) this.#connection.start();
    else element('state').textContent = 'This browser has no WebSockets, which the clock needs';
    keepAwake();
    markIdle(this.#root, schedule);
    this.#listen();
    schedule(() => void navigator.serviceWorker?.register('/sw.js').catch(() => {}), registerAfterMs);
    schedule(() => {
      for (const address of lazyFiles) void fetch(address).catch(() => {});
    }, prefetchAfterMs);
  }

  #listen(): void {
    const connection = this.#connection;
    element('sign-in').setAttribute('href', `/accounts/login/?next=${pathAndQuery()}`);
    element('read').addEventListener('click', () => (element('reading').textContent = this.#face.describe()));
    element('details').addEventListener('click', () => void this.#togglePanel());
    this.#display.parentElement?.addEventListener('click', ({ target }) => {
      if (!(target instanceof Element && target.closest('a, button'))) void this.#togglePanel();
    });
    addEventListener('keydown', ({ key, target, ctrlKey, metaKey, altKey }) => {
      if (key === 'i' && !ctrlKey && !metaKey && !altKey && !isField(target)) void this.#togglePanel();
    });
    addEventListener('online', () => connection.wake());
    addEventListener('pageshow', (event) => event.persisted && connection.resume());
    document.addEventListener('resume', () => connection.resume());
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) return;
      connection.wake();
      this.#painter.refresh();
    });
  }

  #paint(second: number): void {
    if (!this.#face.show(second)) return;
    const { errorMs } = this.#connection.house;
    this.#face.setError(errorMs === null ? null : errorMs + this.#painter.latenessMs);
  }

  #paintOrStop(): void {
    const isLive = this.#connection.state === 'live';
    if (isLive) void this.#themeLoader?.onReachable();
    if (isLive && this.#isThemeApplied()) this.#painter.start();
    else this.#painter.stop();
  }

  #isThemeApplied(): boolean {
    return this.#themeLoader === null || this.#themeLoader.state === 'applied';
  }

  #setTheme(theme: ThemeModule.Theme): void {
    this.#theme = theme;
    this.#painter.trimMs = theme.appearance.trim;
    this.#face.stale = theme.appearance.stale;
    this.#face.setView(theme.view);
    this.#setHouseZone(this.#houseZone);
  }

  #setHouseZone(name: string): void {
    this.#houseZone = name;
    const { zone, zone2 } = this.#theme?.appearance ?? { zone: null, zone2: null };
    this.#face.setZones(zoneNamed(zone ?? name), zoneNamed(zone2 ?? ''));
  }

  async #togglePanel(): Promise<void> {
    const panel = await this.#panelModule.load();
    await panel.togglePanel({
      connection: this.#connection,
      painter: this.#painter,
      zone: () => this.#theme?.appearance.zone ?? this.#houseZone,
      serverBuild: () => this.#serverBuild,
      warnings: this.#theme?.warnings ?? [],
    });
  }
}

function isField(target: EventTarget | null): boolean {
  return target instanceof Element && target.matches('input, select');
}

function zoneNamed(name: string): ShownZone | null {
  if (name === '') return null;
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: name, dateStyle: 'short', timeStyle: 'medium' });
  return { name, wallClockAt: (instant) => Date.parse(`${format.format(instant).replace(' ', 'T')}Z`) };
}
