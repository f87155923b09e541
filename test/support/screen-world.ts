import type { SocketEvents } from '../../src/client/connection/options.ts';
import { Connection } from '../../src/client/connection/shell.ts';
import { checkZone } from '../../src/client/connection/zone-check.ts';
import type { StateResponse } from '../../src/client/connection/state.ts';
import { Painter } from '../../src/client/painter.ts';
import type { Command, InitialState, ScreenInfo, ScreenState, Tick, ZoneOffsets } from '../../src/protocol.ts';
import { utcOffsetAt } from '../../src/time/zone-offset.ts';
import { VirtualClock } from './virtual-clock.ts';

/** House time at 0 of a world's virtual clock. */
const epoch = 1_763_906_607_000;
/** The wall clock of the device is a year behind. */
const wallEpoch = epoch - 365 * 86_400_000;
const latencyMs = 20;
const frameMs = 1_000 / 60;

export interface FakeSocket {
  readonly openedAt: number;
  events: SocketEvents;
  isOpen: boolean;
  /** Either side closed it. */
  hasEnded: boolean;
  /** The code is null if the client closed it or the handshake was refused. */
  end: { at: number; code: number | null } | null;
  /** Whether it has received a tick. */
  hasTicked: boolean;
  /** The messages of the client. */
  sent: { at: number; message: { sync?: number; status?: { state: ScreenState; differs?: boolean } } }[];
}

/** The behavior of the simulated server. It can change at any time. */
export interface Server {
  handshake: 'accepted' | 'refused' | 'unanswered';
  sendsTicks: boolean;
  /** Whether frames reach the client. */
  deliversFrames: boolean;
  /** The round trip of a sync; null: it is never answered. */
  syncDelayMs: number | null;
  /** The part of the round trip that the request takes. */
  requestShare: number;
  state: 'answered' | 'failing' | 'unanswered' | 401 | 403 | 503;
  /** The round trip of a request for the initial state. */
  stateDelayMs: number;
  retryAfterMs: number | null;
  intervalMs: number;
  spreadMs: number;
  zone: ZoneOffsets;
  /** What operators set; null for accounts and tokens. */
  screen: ScreenInfo | null;
}

export const healthy: Server = {
  handshake: 'accepted',
  sendsTicks: true,
  deliversFrames: true,
  syncDelayMs: latencyMs,
  requestShare: 0.5,
  state: 'answered',
  stateDelayMs: latencyMs,
  retryAfterMs: null,
  intervalMs: 500,
  spreadMs: 500,
  zone: { zone: 'UTC', utcOffsetMs: 0, nextUtcOffset: null },
  screen: null,
};

/** A `Connection` and a `Painter` with a simulated server, network and device, in virtual time. */
export class ScreenWorld extends VirtualClock {
  server: Server;
  /** The sum of the steps of house time. */
  houseStepMs = 0;
  /** The sum of the steps of the device's wall clock. */
  wallStepMs = 0;
  /** How long the device has slept so far, and when it last did. */
  sleptMs = 0;
  sleptAt = -Infinity;
  /** When house time was last stepped. */
  steppedAt = -Infinity;
  random = 0.5;
  /** The number of requested frames that neither came nor were cancelled. */
  pendingFrames = 0;
  /** False for a window that is covered or a frame that is scrolled out of view: no frames come. */
  isDrawn = true;
  /** When the client last received a frame. */
  lastFrameAt = -Infinity;
  /** When the newest tick that the client received was sent. */
  newestTickAt = -Infinity;
  receivedIntervalMs = 500;
  readonly sockets: FakeSocket[] = [];
  /** The requests for the initial state. */
  readonly stateRequests: { at: number; timeoutMs: number }[] = [];
  readonly states: { at: number; state: ScreenState }[] = [];
  readonly ticks: Tick[] = [];
  readonly zones: ZoneOffsets[] = [];
  readonly screens: ScreenInfo[] = [];
  readonly commands: Command[] = [];
  /** Whether the painting of a second fails, and the callback for a state. */
  isDrawingBroken = false;
  isReportingBroken = false;
  readonly builds: string[] = [];
  readonly connection: Connection;
  readonly painter: Painter;
  /** The painted seconds. `at`: by the virtual clock. */
  readonly paints: { at: number; instant: number; houseTime: number; errorMs: number | null }[] = [];
  #visibleSince: number | null = 0;
  readonly #clientTimers = new Set<object>();
  #last: Tick | null = null;
  #lastMadeAt = -Infinity;

  /** The server is `healthy` except for what `server` changes. It has been running for a long time. */
  constructor(server: Partial<Server> = {}) {
    super(1_000);
    this.server = { ...healthy, ...server };
    this.connection = new Connection({
      openSocket: (events) => this.#openSocket(events),
      fetchState: (timeoutMs, cancelled) => this.#fetchState(timeoutMs, cancelled),
      now: () => this.now,
      wall: () => wallEpoch + this.now + this.wallStepMs,
      random: () => this.random,
      schedule: (run, delayMs) => this.#scheduleForClient(run, delayMs),
      checkZone,
      build: '1.0.0+test',
      onFresh: (isFresh) => (isFresh ? this.painter.start() : this.painter.stop()),
      onState: (state) => {
        if (this.isReportingBroken) throw new Error('reporting is broken');
        this.states.push({ at: this.now, state });
      },
      onTick: (tick) => this.ticks.push(tick),
      onScreen: (screen) => this.screens.push(screen),
      onZone: (zone) => this.zones.push(zone),
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
    if (this.server.sendsTicks) this.#tick();
    this.#tickRegularly();
  }

  get houseTime(): number {
    return epoch + this.now + this.sleptMs + this.houseStepMs;
  }

  /** Screens subscribe to the first tick of each second only. */
  get everyMs(): number {
    return Math.max(1_000, this.server.intervalMs);
  }

  get state(): ScreenState {
    return this.connection.state;
  }

  /** The newest socket. Throws if none was opened. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error('no socket was opened');
    return socket;
  }

  get openSockets(): FakeSocket[] {
    return this.sockets.filter((socket) => !socket.hasEnded);
  }

  /** The number of pending timers and requests of the client. */
  get pending(): number {
    return this.#clientTimers.size;
  }

  /** Since when the page is visible; null if it is hidden. */
  get visibleSince(): number | null {
    return this.#visibleSince;
  }

  setVisible(isVisible: boolean): void {
    this.#visibleSince = isVisible ? (this.#visibleSince ?? this.now) : null;
    this.connection.setVisible(isVisible);
  }

  /** Accepts the newest handshake. */
  accept(): void {
    const { socket } = this;
    socket.isOpen = true;
    socket.events.opened();
  }

  /** Closes the newest socket from the server's side. */
  closeBy(code: number, reason?: string): void {
    const { socket } = this;
    if (!socket.isOpen || socket.hasEnded) return;
    end(socket, this.now, code);
    socket.events.closed(code, reason);
  }

  /** Suspends the device: its monotonic clock stops, and none of its timers fires. */
  sleep(ms: number): void {
    this.sleptMs += ms;
    this.wallStepMs += ms;
    this.sleptAt = this.now;
  }

  /** Steps the clock of the authority. */
  stepHouse(ms: number): void {
    this.houseStepMs += ms;
    this.steppedAt = this.now;
  }

  /** Sends a text to the client over the newest socket. Returns false if that is not open. */
  deliver(text: string): boolean {
    const socket = this.sockets.at(-1);
    if (!socket?.isOpen || socket.hasEnded) return false;
    socket.events.received(text);
    return true;
  }

  deliverTick(at: number, seq = Math.floor(at / 50)): void {
    if (!this.deliver(JSON.stringify({ message: { time: this.#textOf(at), at, seq }, channel: 'time' }))) return;
    this.socket.hasTicked = true;
    this.lastFrameAt = this.now;
    this.newestTickAt = this.now;
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

  /** The text that a worker publishes for an instant. */
  #textOf(at: number): string {
    return new Date(at + (utcOffsetAt(this.server.zone, at) ?? 0)).toISOString().slice(11, 19);
  }

  #requestFrame(run: (frameAt: number) => void): () => void {
    let isPending = true;
    this.pendingFrames += 1;
    let cancel = (): void => {};
    const settle = (): void => {
      if (isPending) this.pendingFrames -= 1;
      isPending = false;
    };
    const request = (): void => {
      const delayMs = frameMs - ((this.now + 0.001) % frameMs) + 0.001;
      cancel = this.schedule(() => {
        if (!this.isDrawn) return request();
        settle();
        run(this.now);
      }, delayMs);
    };
    request();
    return () => {
      settle();
      cancel();
    };
  }

  #tickRegularly(): void {
    const { everyMs } = this;
    this.schedule(
      () => {
        if (this.server.sendsTicks) this.#tick();
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
    if (this.server.deliversFrames) this.deliverTick(at, seq);
  }

  #openSocket(events: SocketEvents): { send(text: string): void; close(): void } {
    const socket: FakeSocket = {
      openedAt: this.now,
      events,
      isOpen: false,
      hasEnded: false,
      end: null,
      hasTicked: false,
      sent: [],
    };
    this.sockets.push(socket);
    this.schedule(() => {
      const { handshake } = this.server;
      if (socket.hasEnded || handshake === 'unanswered') return;
      if (handshake === 'refused') {
        end(socket, this.now, null);
        return events.closed(1006);
      }
      socket.isOpen = true;
      events.opened();
    }, latencyMs);
    return {
      send: (text) => this.#sent(socket, text),
      // A browser also reports a close that the page requested, a moment later.
      close: () => {
        end(socket, this.now, null);
        this.schedule(() => events.closed(1006), latencyMs);
      },
    };
  }

  #sent(socket: FakeSocket, text: string): void {
    if (!socket.isOpen || socket.hasEnded) throw new Error('sent on a socket that is not open');
    const message = JSON.parse(text) as FakeSocket['sent'][number]['message'];
    socket.sent.push({ at: this.now, message });
    const { syncDelayMs: answersAfterMs, requestShare: askShare } = this.server;
    if (message.sync === undefined || answersAfterMs === null) return;
    const { sync: echo } = message;
    this.schedule(() => {
      const received = this.houseTime - answersAfterMs * (1 - askShare);
      const sync = { echo, received, sent: received, error: 0, spread: this.server.spreadMs, build: 'x' };
      if (!this.server.deliversFrames || socket.hasEnded) return;
      this.lastFrameAt = this.now;
      socket.events.received(JSON.stringify({ sync }));
    }, answersAfterMs);
  }

  #fetchState(timeoutMs: number, cancelled: Promise<never>): Promise<StateResponse> {
    this.stateRequests.push({ at: this.now, timeoutMs });
    const { promise, resolve, reject } = Promise.withResolvers<StateResponse>();
    const timers = [
      this.#scheduleForClient(() => reject(new Error('no answer in time')), timeoutMs),
      this.#scheduleForClient(() => {
        const { state, retryAfterMs } = this.server;
        if (state === 'unanswered') return;
        if (state === 'failing') reject(new Error('no network'));
        else if (state !== 'answered') resolve({ status: state, retryAfterMs, state: null });
        else resolve({ status: 200, retryAfterMs: null, state: this.#stateResponse() });
      }, this.server.stateDelayMs),
    ];
    const end = (): void => timers.forEach((cancel) => cancel());
    cancelled.catch(end);
    return promise.finally(end);
  }

  #stateResponse(): InitialState {
    const state = this.#initialState();
    if (!state.stale) this.newestTickAt = Math.max(this.newestTickAt, this.#lastMadeAt);
    this.receivedIntervalMs = state.interval;
    return state;
  }

  #initialState(): InitialState {
    const { intervalMs: interval, spreadMs: spread, screen } = this.server;
    const { text: current, at, seq } = this.#last ?? { text: null, at: null, seq: null };
    const stale = this.now - this.#lastMadeAt > Math.max(2_000, 1.5 * interval);
    const state = { current, at, seq, channel: 'time', interval, stale, spread, build: 'x', ...this.server.zone };
    return screen === null ? state : { ...state, screen };
  }
}

/** A world whose screen has been live for some seconds. */
export async function liveWorld(): Promise<ScreenWorld> {
  const world = new ScreenWorld();
  world.connection.start();
  await world.pass(3_100);
  if (world.state !== 'live') throw new Error(`the screen is ${world.state}`);
  return world;
}

function end(socket: FakeSocket, at: number, code: number | null): void {
  socket.hasEnded = true;
  socket.end ??= { at, code };
}
