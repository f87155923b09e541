import { Connection } from '../../src/client/connection.ts';
import type { SocketEvents } from '../../src/client/line.ts';
import { Painter } from '../../src/client/painter.ts';
import type { StateAnswer } from '../../src/client/wire.ts';
import type { InitialState, ScreenState, Tick } from '../../src/protocol.ts';
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
  /** A tick or an answer came over it. */
  isHeard: boolean;
  /** What the client sent, and when. */
  sent: { at: number; message: { sync?: number; status?: { state: ScreenState } } }[];
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
  state: 'answered' | 'failing' | 'unanswered' | 401 | 503;
  retryAfterMs: number | null;
  intervalMs: number;
  spreadMs: number;
}

export const healthy: Server = {
  handshake: 'accepted',
  isTicking: true,
  isHeard: true,
  answersAfterMs: latencyMs,
  askShare: 0.5,
  state: 'answered',
  retryAfterMs: null,
  intervalMs: 500,
  spreadMs: 500,
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
  readonly asks: number[] = [];
  /** When it was asked whether anybody answers. */
  readonly reaches: number[] = [];
  readonly states: { at: number; state: ScreenState }[] = [];
  readonly ticks: Tick[] = [];
  readonly zones: string[] = [];
  readonly builds: string[] = [];
  readonly connection: Connection;
  readonly painter: Painter;
  /** The seconds that were painted, when, and what it was by house time. */
  readonly paints: { at: number; instant: number; houseTime: number; errorMs: number | null }[] = [];
  #last: Tick | null = null;
  #lastMadeAt = -Infinity;

  /** The server has been running for long; it behaves as `healthy` but for what is given. */
  constructor(server: Partial<Server> = {}) {
    super(1_000);
    this.server = { ...healthy, ...server };
    this.connection = new Connection({
      openSocket: (events) => this.#openSocket(events),
      fetchState: (withinMs) => this.#fetchState(withinMs),
      isReachable: (withinMs) => this.#isReachable(withinMs),
      now: () => this.now,
      wall: () => wallEpoch + this.now + this.wallStepMs,
      random: () => this.random,
      schedule: (run, delayMs) => this.schedule(run, delayMs),
      build: '1.0.0+test',
      onState: (state) => this.#became(state),
      onTick: (tick) => this.ticks.push(tick),
      onZone: (zone) => this.zones.push(zone),
      onBuild: (build) => this.builds.push(build),
    });
    this.painter = new Painter({
      house: this.connection.house,
      now: () => this.now,
      schedule: (run, delayMs) => this.schedule(run, delayMs),
      requestFrame: (run) => this.#requestFrame(run),
      detectClockJump: () => this.connection.look(),
      paint: (instant) => {
        const { errorMs } = this.connection.house;
        this.paints.push({ at: this.now, instant, houseTime: this.houseTime, errorMs });
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
    if (!this.deliver(JSON.stringify({ message: { time: timeOf(at), at, seq }, channel: 'time' }))) return;
    this.socket.isHeard = true;
    this.heardAt = this.now;
    this.tickedAt = this.now;
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

  #became(state: ScreenState): void {
    this.states.push({ at: this.now, state });
    if (state === 'live') this.painter.start();
    else this.painter.stop();
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
    this.#last = { channel: 'time', text: timeOf(at), at, seq };
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
      isHeard: false,
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
      socket.isHeard = true;
      this.heardAt = this.now;
      socket.events.received(JSON.stringify({ sync }));
    }, answersAfterMs);
  }

  #fetchState(withinMs: number): Promise<StateAnswer> {
    this.asks.push(this.now);
    const { promise, resolve, reject } = Promise.withResolvers<StateAnswer>();
    this.schedule(() => reject(new Error('no answer in time')), withinMs);
    this.schedule(() => {
      const { state, retryAfterMs } = this.server;
      if (state === 'unanswered') return;
      if (state === 'failing') reject(new Error('no network'));
      else if (state !== 'answered') resolve({ status: state, retryAfterMs, state: null });
      else {
        const told = this.#initialState();
        if (!told.stale) this.tickedAt = Math.max(this.tickedAt, this.#lastMadeAt);
        this.toldIntervalMs = told.interval;
        resolve({ status: 200, retryAfterMs: null, state: told });
      }
    }, latencyMs);
    return promise;
  }

  #isReachable(withinMs: number): Promise<boolean> {
    this.reaches.push(this.now);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.schedule(() => resolve(false), withinMs);
    this.schedule(() => {
      if (this.server.state !== 'unanswered') resolve(this.server.state !== 'failing');
    }, latencyMs);
    return promise;
  }

  #initialState(): InitialState {
    const { intervalMs: interval, spreadMs: spread } = this.server;
    const { text: current, at, seq } = this.#last ?? { text: null, at: null, seq: null };
    const stale = this.now - this.#lastMadeAt > Math.max(2_000, 1.5 * interval);
    return { current, at, seq, channel: 'time', zone: 'Europe/Madrid', interval, stale, spread, build: 'x' };
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

function timeOf(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}

function end(socket: FakeSocket, at: number, code: number | null): void {
  socket.isOver = true;
  socket.end ??= { at, code };
}
