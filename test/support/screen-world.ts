import type { SocketEvents } from '../../src/client/connection/options.ts';
import { Connection } from '../../src/client/connection/shell.ts';
import type { StateAnswer } from '../../src/client/connection/state.ts';
import { Painter } from '../../src/client/painter.ts';
import type { Command, InitialState, ScreenInfo, ScreenState, Tick, ZoneOffsets } from '../../src/protocol.ts';
import { utcOffsetAt } from '../../src/time/zone-offset.ts';
import { VirtualClock } from './virtual-clock.ts';

/** House time at the start of a world's own clock. */
const epoch = 1_763_906_607_000;
/** The device's own clock is a year off. */
const wallEpoch = epoch - 365 * 86_400_000;
const latencyMs = 20;
const frameMs = 1_000 / 60;

export interface FakeSocket {
  readonly openedAt: number;
  events: SocketEvents;
  isOpen: boolean;
  /** Ended, by either side. */
  isOver: boolean;
  /** When, and by what close code; null: the client ended it, or the handshake was refused. */
  end: { at: number; code: number | null } | null;
  /** It carried a tick. */
  hasTicked: boolean;
  /** What the client sent, and when. */
  sent: { at: number; message: { sync?: number; status?: { state: ScreenState; differs?: boolean } } }[];
}

/** How the server behaves from now on. */
export interface Server {
  handshake: 'accepted' | 'refused' | 'unanswered';
  /** Ticks are made. */
  isTicking: boolean;
  /** Frames reach the client. */
  isHeard: boolean;
  /** Null: a sync is never answered. */
  answersAfterMs: number | null;
  /** The part of that which the question takes on its way. */
  askShare: number;
  state: 'answered' | 'failing' | 'unanswered' | 401 | 403 | 503;
  /** How long an answer takes. */
  stateAfterMs: number;
  retryAfterMs: number | null;
  intervalMs: number;
  spreadMs: number;
  zone: ZoneOffsets;
  /** What operators set; null for accounts and tokens. */
  screen: ScreenInfo | null;
}

export const healthy: Server = {
  handshake: 'accepted',
  isTicking: true,
  isHeard: true,
  answersAfterMs: latencyMs,
  askShare: 0.5,
  state: 'answered',
  stateAfterMs: latencyMs,
  retryAfterMs: null,
  intervalMs: 500,
  spreadMs: 500,
  zone: { zone: 'UTC', utcOffsetMs: 0, nextUtcOffset: null },
  screen: null,
};

/** A server and a network around one `Connection`, in a time of their own. */
export class ScreenWorld extends VirtualClock {
  server: Server;
  /** What the house's clock was set forward by. */
  houseStepMs = 0;
  /** And the device's own. */
  wallStepMs = 0;
  /** How long the monotonic clock stood still so far, and when it did last. */
  sleptMs = 0;
  sleptAt = -Infinity;
  /** When the house's clock was set last. */
  steppedAt = -Infinity;
  random = 0.5;
  /** Frames that were asked for, have not come and were not taken back. */
  framesAwaited = 0;
  /** The screen draws; a window that is covered, or a frame that is scrolled away, does not. */
  isDrawn = true;
  /** When the client was last reached over a socket. */
  heardAt = -Infinity;
  /** When the newest tick that the client knows of was the present, as far as it was not late on its way. */
  tickedAt = -Infinity;
  toldIntervalMs = 500;
  readonly sockets: FakeSocket[] = [];
  /** When the initial state was asked for, and how long an answer may take. */
  readonly questions: { at: number; timeoutMs: number }[] = [];
  readonly states: { at: number; state: ScreenState }[] = [];
  readonly ticks: Tick[] = [];
  readonly zones: ZoneOffsets[] = [];
  readonly screens: ScreenInfo[] = [];
  readonly commands: Command[] = [];
  /** Whether drawing a second fails, and reporting a state. */
  isDrawingBroken = false;
  isReportingBroken = false;
  readonly builds: string[] = [];
  readonly connection: Connection;
  readonly painter: Painter;
  /** The seconds that were painted, when, and what it was by house time. */
  readonly paints: { at: number; instant: number; houseTime: number; errorMs: number | null }[] = [];
  #visibleSince: number | null = 0;
  readonly #clientTimers = new Set<object>();
  #last: Tick | null = null;
  #lastMadeAt = -Infinity;

  /** The server has been running for long; it behaves as `healthy` but for what is given. */
  constructor(server: Partial<Server> = {}) {
    super(1_000);
    this.server = { ...healthy, ...server };
    this.connection = new Connection({
      openSocket: (events) => this.#openSocket(events),
      fetchState: (timeoutMs, signal) => this.#fetchState(timeoutMs, signal),
      now: () => this.now,
      wall: () => wallEpoch + this.now + this.wallStepMs,
      random: () => this.random,
      schedule: (run, delayMs) => this.#scheduleForClient(run, delayMs),
      build: '1.0.0+test',
      onFresh: (isFresh) => (isFresh ? this.painter.start() : this.painter.stop()),
      onState: (state) => {
        if (this.isReportingBroken) throw new Error('reporting is broken');
        this.states.push({ at: this.now, state });
      },
      onTick: (tick) => this.ticks.push(tick),
      onZone: (zone, screen) => {
        this.zones.push(zone);
        if (screen !== undefined) this.screens.push(screen);
      },
      onBuild: (build) => this.builds.push(build),
      onCommand: (command) => this.commands.push(command),
    });
    this.painter = new Painter({
      house: this.connection.house,
      now: () => this.now,
      schedule: (run, delayMs) => this.#scheduleForClient(run, delayMs),
      requestFrame: (run) => this.#requestFrame(run),
      detectClockJump: () => this.connection.detectClockJump(),
      paint: (instant) => {
        const { errorMs } = this.connection.house;
        if (this.isDrawingBroken) return;
        this.paints.push({ at: this.now, instant, houseTime: this.houseTime, errorMs });
        this.connection.onDrawn();
      },
    });
    if (this.server.isTicking) this.#tick();
    this.#tickRegularly();
  }

  get houseTime(): number {
    return epoch + this.now + this.sleptMs + this.houseStepMs;
  }

  /** Screens take the first tick of a second alone. */
  get everyMs(): number {
    return Math.max(1_000, this.server.intervalMs);
  }

  get state(): ScreenState {
    return this.connection.state;
  }

  /** The newest socket; fails when none was ever opened. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  }

  get live(): FakeSocket[] {
    return this.sockets.filter((socket) => !socket.isOver);
  }

  /** Timers and requests of the client that are under way. */
  get pending(): number {
    return this.#clientTimers.size;
  }

  /** Since when the page is visible; null: it is hidden. */
  get visibleSince(): number | null {
    return this.#visibleSince;
  }

  setVisible(isVisible: boolean): void {
    this.#visibleSince = isVisible ? (this.#visibleSince ?? this.now) : null;
    this.connection.setVisible(isVisible);
  }

  /** The newest handshake succeeds. */
  accept(): void {
    const { socket } = this;
    socket.isOpen = true;
    socket.events.opened();
  }

  /** The other side closes the newest socket. */
  closeBy(code: number): void {
    const { socket } = this;
    if (!socket.isOpen || socket.isOver) return;
    end(socket, this.now, code);
    socket.events.closed(code);
  }

  /** The device sleeps: its monotonic clock stands still, and nothing of it runs. */
  sleep(ms: number): void {
    this.sleptMs += ms;
    this.wallStepMs += ms;
    this.sleptAt = this.now;
  }

  /** Somebody sets the house's clock. */
  stepHouse(ms: number): void {
    this.houseStepMs += ms;
    this.steppedAt = this.now;
  }

  /** Puts a text on the newest socket as the server would; false when it is not open. */
  deliver(text: string): boolean {
    const socket = this.sockets.at(-1);
    if (!socket?.isOpen || socket.isOver) return false;
    socket.events.received(text);
    return true;
  }

  deliverTick(at: number, seq = Math.floor(at / 50)): void {
    if (!this.deliver(JSON.stringify({ message: { time: this.#textOf(at), at, seq }, channel: 'time' }))) return;
    this.socket.hasTicked = true;
    this.heardAt = this.now;
    this.tickedAt = this.now;
  }

  #scheduleForClient(run: () => void, delayMs: number): () => void {
    const timer = {};
    this.#clientTimers.add(timer);
    const cancel = this.schedule(() => {
      this.#clientTimers.delete(timer);
      run();
    }, delayMs);
    return () => {
      this.#clientTimers.delete(timer);
      cancel();
    };
  }

  /** What a worker in the server's zone writes for an instant. */
  #textOf(at: number): string {
    return new Date(at + (utcOffsetAt(this.server.zone, at) ?? 0)).toISOString().slice(11, 19);
  }

  #requestFrame(run: (frameAt: number) => void): () => void {
    this.framesAwaited += 1;
    let cancel = (): void => {};
    const ask = (): void => {
      const delayMs = frameMs - ((this.now + 0.001) % frameMs) + 0.001;
      cancel = this.schedule(() => {
        if (!this.isDrawn) return ask();
        this.framesAwaited -= 1;
        run(this.now);
      }, delayMs);
    };
    ask();
    return () => {
      this.framesAwaited -= 1;
      cancel();
    };
  }

  #tickRegularly(): void {
    const { everyMs } = this;
    this.schedule(
      () => {
        if (this.server.isTicking) this.#tick();
        this.#tickRegularly();
      },
      everyMs - (this.houseTime % everyMs),
    );
  }

  #tick(): void {
    const { everyMs } = this;
    const at = Math.floor(this.houseTime / everyMs) * everyMs;
    const seq = Math.max((this.#last?.seq ?? 0) + 1, Math.floor(at / 50));
    this.#last = { channel: 'time', text: this.#textOf(at), at, seq };
    this.#lastMadeAt = this.now;
    if (this.server.isHeard) this.deliverTick(at, seq);
  }

  #openSocket(events: SocketEvents): { send(text: string): void; close(): void } {
    const socket: FakeSocket = {
      openedAt: this.now,
      events,
      isOpen: false,
      isOver: false,
      end: null,
      hasTicked: false,
      sent: [],
    };
    this.sockets.push(socket);
    this.schedule(() => {
      const { handshake } = this.server;
      if (socket.isOver || handshake === 'unanswered') return;
      if (handshake === 'refused') {
        end(socket, this.now, null);
        return events.closed(1006);
      }
      socket.isOpen = true;
      events.opened();
    }, latencyMs);
    return {
      send: (text) => this.#sent(socket, text),
      // A browser tells of a close that the page asked for as well, and late.
      close: () => {
        end(socket, this.now, null);
        this.schedule(() => events.closed(1006), latencyMs);
      },
    };
  }

  #sent(socket: FakeSocket, text: string): void {
    if (!socket.isOpen || socket.isOver) throw new Error('sent on a socket that is not open');
    const message = JSON.parse(text) as FakeSocket['sent'][number]['message'];
    socket.sent.push({ at: this.now, message });
    const { answersAfterMs, askShare } = this.server;
    if (message.sync === undefined || answersAfterMs === null) return;
    const { sync: echo } = message;
    this.schedule(() => {
      const received = this.houseTime - answersAfterMs * (1 - askShare);
      const sync = { echo, received, sent: received, error: 0, spread: this.server.spreadMs, build: 'x' };
      if (!this.server.isHeard || socket.isOver) return;
      this.heardAt = this.now;
      socket.events.received(JSON.stringify({ sync }));
    }, answersAfterMs);
  }

  #fetchState(timeoutMs: number, signal?: AbortSignal): Promise<StateAnswer> {
    this.questions.push({ at: this.now, timeoutMs });
    const { promise, resolve, reject } = Promise.withResolvers<StateAnswer>();
    const timers = [
      this.#scheduleForClient(() => reject(new Error('no answer in time')), timeoutMs),
      this.#scheduleForClient(() => {
        const { state, retryAfterMs } = this.server;
        if (state === 'unanswered') return;
        if (state === 'failing') reject(new Error('no network'));
        else if (state !== 'answered') resolve({ status: state, retryAfterMs, state: null });
        else resolve({ status: 200, retryAfterMs: null, state: this.#told() });
      }, this.server.stateAfterMs),
    ];
    const end = (): void => timers.forEach((cancel) => cancel());
    signal?.addEventListener('abort', end);
    return promise.finally(end);
  }

  #told(): InitialState {
    const told = this.#initialState();
    if (!told.stale) this.tickedAt = Math.max(this.tickedAt, this.#lastMadeAt);
    this.toldIntervalMs = told.interval;
    return told;
  }

  #initialState(): InitialState {
    const { intervalMs: interval, spreadMs: spread, screen } = this.server;
    const { text: current, at, seq } = this.#last ?? { text: null, at: null, seq: null };
    const stale = this.now - this.#lastMadeAt > Math.max(2_000, 1.5 * interval);
    const told = { current, at, seq, channel: 'time', interval, stale, spread, build: 'x', ...this.server.zone };
    return screen === null ? told : { ...told, screen };
  }
}

/** A world whose screen has been live for a while. */
export async function liveWorld(): Promise<ScreenWorld> {
  const world = new ScreenWorld();
  world.connection.start();
  await world.pass(3_100);
  if (world.state !== 'live') throw new Error(`the screen is ${world.state}`);
  return world;
}

function end(socket: FakeSocket, at: number, code: number | null): void {
  socket.isOver = true;
  socket.end ??= { at, code };
}
