import { runInBackground } from '../background.ts';
import type { ZoneOffsets } from '../protocol.ts';
import { element, requestFrame } from './browser.ts';
import { Connection } from './connection/shell.ts';
import { checkZone } from './connection/zone-check.ts';
import { connectControls } from './controls.ts';
import { Face } from './face.ts';
import { HouseZone } from './house-zone.ts';
import { markIdle } from './idle.ts';
import { LazyModule } from './lazy-module.ts';
import { listenToPage } from './page-events.ts';
import { prepareForOutages } from './offline.ts';
import { Painter } from './painter.ts';
import type * as PanelModule from './panel.ts';
import { Renewal } from './renewal.ts';
import { schedule, scheduleChained } from './schedule.ts';
import type * as ScreenNameModule from './screen-name.ts';
import { sessionMemory } from './session-memory.ts';
import { ShowLoader } from './show-loader.ts';
import type * as ThemeModule from './theme.ts';
import { ThemeLoader } from './theme-loader.ts';
import type { ShownZones } from './theme-zones.ts';
import type { Transport } from './transport.ts';
import { keepAwake } from './wake-lock.ts';
import { Warnings } from './warnings.ts';
import type * as WordsModule from './words.ts';

/** The clock page: connects the server's messages to the face, and the page's controls to the panel. */
export class ClockApp {
  readonly #transport: Transport;
  readonly #root = document.documentElement;
  readonly #build = this.#root.dataset['build'] ?? '';
  /** Everything that is written to while the page runs. A translation replaces those with words by adapters. */
  readonly #elements: WordsModule.PageElements = {
    root: this.#root,
    display: element('display'),
    state: element('state'),
    error: element('error'),
    warnings: element('warnings'),
  };
  readonly #warnings = new Warnings(this.#elements);
  readonly #face = new Face(this.#elements);
  readonly #panelModule = new LazyModule<typeof PanelModule>('/static/panel.js');
  readonly #screenNameModule = new LazyModule<typeof ScreenNameModule>('/static/screen-name.js');
  readonly #wordsModule = new LazyModule<typeof WordsModule>('/static/words.js');
  readonly #themeModule = new LazyModule<typeof ThemeModule>('/static/theme.js');
  readonly #themeLoader = new ThemeLoader({
    load: async () => {
      const theme = await this.#themeModule.load();
      await theme.prepare(location.search, this.#setQuery, this.#transport.headers, () => this.#setZones());
      return theme;
    },
    apply: (theme) => this.#setTheme(theme.applyTheme()),
    onState: () => this.#paintOrStop(),
    onError: (error) => this.#warnings.set('theme', `This browser cannot show this face: ${String(error)}`),
    schedule,
    reload: () => location.reload(),
  });
  readonly #renewal = new Renewal({
    build: this.#build,
    schedule,
    random: Math.random,
    memory: sessionMemory,
    isServed: async (build) =>
      (await (await fetch(location.href, { credentials: 'same-origin' })).text()).includes(`data-build="${build}"`),
    reload: () => location.reload(),
  });
  readonly #connection = new Connection({
    openSocket: (events) => this.#transport.openSocket(events),
    fetchState: (timeoutMs, cancelled) => this.#transport.fetchState(timeoutMs, cancelled),
    now: () => performance.now(),
    wall: Date.now,
    random: Math.random,
    schedule: scheduleChained,
    checkZone,
    build: this.#build,
    onFresh: (isFresh) => {
      this.#isFresh = isFresh;
      this.#paintOrStop();
    },
    onState: (state) => {
      this.#attempt(() => this.#face.setState(state));
      if (state !== 'live') this.#face.setError(null);
      // The server sends a screen to where it is paired, and others to the sign-in form.
      if (state === 'signed-out' && this.#isScreen) location.replace(`/${location.search}`);
    },
    onScreen: (screen) => {
      this.#setFace(screen.face);
      this.#screenNameModule.tryWith((module) => module.rename(screen));
    },
    onZone: (zone) => this.#setHouseZone(zone),
    onTick: (tick) => {
      const problem = tick.channel === 'time' && this.#houseZone?.correct(tick);
      if (!problem) return;
      this.#warnings.log(problem);
      this.#setZones();
    },
    onBuild: (build) => {
      this.#serverBuild = build;
      this.#renewal.onBuild(build);
    },
    onShow: (show) => this.#showLoader.set(show),
    onCommand: (command) => {
      if (command.name === 'reload') location.reload();
      else if (command.name === 'face') this.#setFace(command.query);
      else this.#screenNameModule.tryWith((module) => module.runCommand(command));
    },
  });
  readonly #painter = this.#createPainter((second) => this.#paint(second));
  readonly #showLoader = new ShowLoader({
    isFaceApplied: () => this.#themeLoader.state === 'applied',
    isEnabled: () => this.#theme?.appearance.show !== false,
    trimMs: () => this.#painter.trimMs,
    createPainter: (paint) => this.#createPainter(paint),
  });
  /** The query of the face that operators set. */
  #setQuery = '';
  #isTranslated = false;
  #isFresh = false;
  #houseZone: HouseZone | null = null;
  #serverBuild = '';
  #theme: ThemeModule.Theme | null = null;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  start(): void {
    if ('WebSocket' in globalThis) {
      this.#setLanguage();
      if (location.search !== '') runInBackground(this.#themeLoader.load());
      this.#connection.start();
    } else element('state').textContent = 'This browser does not support WebSockets, which the clock needs';
    keepAwake();
    markIdle(this.#root, schedule);
    connectControls({ describe: () => this.#face.describe(), onDetails: () => runInBackground(this.#togglePanel()) });
    listenToPage(this.#connection, () => this.#painter.refresh());
    prepareForOutages();
  }

  /** Whether the page has no user who could sign in: a paired screen, or the page that the service worker stored. */
  get #isScreen(): boolean {
    return this.#root.dataset['page'] === 'screen';
  }

  #paint(second: number): void {
    if (!this.#attempt(() => this.#face.show(second))) return;
    this.#connection.onDrawn();
    const { house, utc, state } = this.#connection;
    const { errorMs } = house;
    const isStated = state === 'live' && errorMs !== null;
    this.#face.setError(isStated ? errorMs + this.#painter.latenessMs + (utc.errorMs ?? 0) : null);
  }

  /** Returns false if drawing fails. Then the page stops being live, because nothing confirms that it shows the time. */
  #attempt(draw: () => boolean | void): boolean {
    try {
      return draw() !== false;
    } catch (error) {
      this.#warnings.log(`the time cannot be drawn: ${String(error)}`);
      return false;
    }
  }

  #paintOrStop(): void {
    if (this.#isFresh) runInBackground(this.#themeLoader.onReachable());
    if (this.#isFresh && this.#themeLoader.state === 'applied') this.#painter.start();
    else this.#painter.stop();
  }

  #createPainter(paint: (second: number) => void): Painter {
    return new Painter({
      house: this.#connection.house,
      now: () => performance.now(),
      schedule: scheduleChained,
      requestFrame,
      detectClockJump: () => this.#connection.detectClockJump(),
      paint,
    });
  }

  #setFace(query: string): void {
    if (query === this.#setQuery) return;
    this.#setQuery = query;
    this.#setLanguage();
    runInBackground(this.#themeLoader.load(this.#connection.state === 'live'));
  }

  /** The words of the page are in the language of its face, else of the browser. While they load they are in English. */
  #setLanguage(): void {
    const language = new URLSearchParams(`${location.search}&${this.#setQuery}`).get('lang');
    if (!/^en\b/i.test(language || navigator.language)) this.#isTranslated = true;
    if (this.#isTranslated) this.#wordsModule.tryWith((module) => module.translate(language, this.#elements));
  }

  #setTheme(theme: ThemeModule.Theme): void {
    this.#warnings.clear();
    this.#theme = theme;
    const { appearance, warnings, view } = theme;
    this.#painter.trimMs = appearance.trim;
    this.#face.stale = appearance.stale;
    for (const text of warnings) this.#warnings.set(text, text);
    this.#face.setView(view);
    this.#setZones();
    schedule(() => this.#showLoader.draw(), 0);
  }

  #setHouseZone(zone: ZoneOffsets): void {
    if (this.#houseZone?.isSame(zone)) return;
    this.#houseZone = zone.zone === null ? null : new HouseZone(zone.zone, zone);
    this.#setZones();
  }

  get #zones(): ShownZones {
    const houseZone = this.#houseZone;
    if (this.#theme !== null) return this.#theme.zonesFor(houseZone);
    return { zone: houseZone, secondZone: null, warnings: {} };
  }

  #setZones(): void {
    const zones = this.#zones;
    for (const [parameter, text] of Object.entries(zones.warnings)) this.#warnings.set(parameter, text);
    this.#attempt(() => this.#face.setZones(zones.zone, zones.secondZone));
  }

  async #togglePanel(): Promise<void> {
    try {
      const panel = await this.#panelModule.load();
      await panel.togglePanel({
        connection: this.#connection,
        painter: this.#painter,
        zone: () => this.#zones.zone?.name ?? null,
        serverBuild: () => this.#serverBuild,
        warnings: () => this.#warnings.texts,
      });
      this.#warnings.set('panel', null);
    } catch {
      this.#warnings.set('panel', 'The details cannot be loaded: try again when the server is available');
    }
  }
}
