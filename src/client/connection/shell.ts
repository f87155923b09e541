import { runInBackground } from '../../background.ts';
import { parseServerMessage, type ScreenState, type ScreenStatus, type Sync } from '../../protocol.ts';
import { HouseClock } from '../house-clock.ts';
import { Timer } from '../timer.ts';
import { dueAt, createState, step } from './machine.ts';
import type { ConnectionOptions, Socket } from './options.ts';
import type { Effect, ConnectionEvent, State } from './state.ts';

/**
 * The connection of a screen to its server: it carries out what the machine decides. It owns at most one socket, one
 * request and one timer, which is armed for the earliest instant in the state. After `stop` it owns nothing.
 */
export class Connection {
  /** House time, as this connection measures it. */
  readonly house: HouseClock;
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvent[] = [];
  #state: State;
  #utc: Connection['utc'] = { errorMs: null, isAlarm: false };
  #isStepping = false;
  /** The current socket; events of any other are ignored. */
  #socket: Socket | null = null;
  /** The current request; the response to any other is ignored. `cancel` makes it reject. */
  #request: { cancel: () => void } | null = null;
  readonly #timer: Timer;
  /** What the timer is armed for. */
  #dueAt = Infinity;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.house = new HouseClock(options);
    this.#timer = new Timer(options.schedule);
    this.#state = createState(options.recheckMs ?? null);
  }

  get state(): ScreenState {
    return this.#state.screen;
  }

  /** What the server last reported about house time and UTC. `errorMs` is null while house time is not checked. */
  get utc(): { readonly errorMs: number | null; readonly isAlarm: boolean } {
    return this.#utc;
  }

  /** Opens the first socket. */
  start(): void {
    this.#dispatch({ type: 'start' });
  }

  /** Ends the connection for good. */
  stop(): void {
    this.#dispatch({ type: 'stop' });
  }

  /** The device came online or woke, or the page became visible: probes an open socket, or restarts the backoff. */
  wake(): void {
    this.#dispatch({ type: 'wake' });
  }

  /** The device or the page was suspended: house time and ticks from before are discarded. */
  resume(): void {
    this.house.forget();
    this.#step({ type: 'jump', hasForgotten: true });
    this.wake();
  }

  /** To be called before house time is used: notices that the device slept or that its clock was set. */
  detectClockJump(): void {
    if (this.house.detectClockJump() === null) return;
    this.#step({ type: 'jump', hasForgotten: this.house.now() === null });
  }

  /** The second now due was drawn without an error. */
  onDrawn(): void {
    this.#dispatch({ type: 'drawn' });
  }

  /** A page that is hidden need not draw. */
  setVisible(isVisible: boolean): void {
    this.#dispatch({ type: 'visibility', isVisible });
  }

  /** Whatever happens may be the first that runs after a sleep. */
  #dispatch(event: ConnectionEvent): void {
    this.detectClockJump();
    this.#step(event);
  }

  /** Runs each step to its end, with the events that its effects cause after it. */
  #step(event: ConnectionEvent): void {
    this.#events.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    const errors: unknown[] = [];
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
      const { now, random, checkZone } = this.#options;
      const moment = { now: now(), random: random(), house: this.house.reading, checkZone };
      const { state, effects } = step(this.#state, next, moment);
      this.#state = state;
      for (const effect of effects) {
        try {
          this.#run(effect);
        } catch (error) {
          // A callback that throws must not keep the other effects from being carried out.
          errors.push(error);
        }
      }
    }
    this.#isStepping = false;
    this.#arm();
    if (errors.length > 0) throw errors[0];
  }

  #run(effect: Effect): void {
    switch (effect.type) {
      case 'open-socket':
        return this.#openSocket();
      case 'close-socket':
        return this.#closeSocket();
      case 'request-state':
        return this.#requestState(effect.timeoutMs);
      case 'cancel-request':
        return this.#cancelRequest();
      case 'send-sync':
        return this.#send({ sync: effect.echo });
      case 'send-status': {
        const { offsetMs, errorMs } = this.house;
        const { state, differs } = effect;
        return this.#send({ status: { build: this.#options.build, state, offsetMs, errorMs, differs } });
      }
      case 'measure':
        return this.#measure(effect.sync, effect.arrivedAt);
      case 'condense-exchanges':
        return this.house.widenError();
      default:
        // TypeScript does not relate the value to the callback.
        return (this.#options[effect.type] as ((value: unknown) => void) | undefined)?.(effect.value);
    }
  }

  #openSocket(): void {
    this.#closeSocket();
    let socket: Socket | null = null;
    const ifCurrent = (run: () => void): void => {
      if (this.#socket === socket) run();
    };
    try {
      socket = this.#options.openSocket({
        opened: () => ifCurrent(() => this.#dispatch({ type: 'opened' })),
        received: (text) => ifCurrent(() => this.#receive(text)),
        closed: (code, reason) => ifCurrent(() => this.#closed(code, reason)),
      });
      this.#socket = socket;
    } catch {
      // A browser refuses an address that its policies forbid.
      this.#closed(abnormalClosure);
    }
  }

  #closed(code: number, reason?: string): void {
    this.#socket = null;
    this.#dispatch({ type: 'closed', code, reason });
  }

  #closeSocket(): void {
    const socket = this.#socket;
    this.#socket = null;
    if (socket !== null) socket.close();
  }

  #send(message: { sync: number } | { status: ScreenStatus }): void {
    if (this.#socket !== null) this.#socket.send(JSON.stringify(message));
  }

  #receive(text: string): void {
    this.detectClockJump();
    const message = parseServerMessage(text);
    if (message === null || 'command' in message || 'show' in message) {
      this.#step({ type: 'other-frame' });
      if (message !== null && 'command' in message) this.#options.onCommand(message.command);
      if (message !== null && 'show' in message) this.#options.onShow?.(message.show.show);
    } else if ('sync' in message) this.#step({ type: 'sync', ...message });
    else {
      const isContradiction = this.house.forgetIfContradicted(message.tick.at);
      this.#step({ type: 'tick', tick: message.tick, isContradiction });
    }
  }

  #measure(sync: Sync, arrivedAt: number): void {
    const { echo, received, sent, error } = sync;
    this.#utc = { errorMs: sync.utcError ?? null, isAlarm: sync.utcAlarm === true };
    const isNew = this.house.now() === null;
    const isStepped = this.house.add({ sentAt: echo, received, sent, arrivedAt }, error >= 0 ? error : 0);
    this.#step({ type: 'measured', isStepped, isNew });
  }

  #requestState(timeoutMs: number): void {
    this.#cancelRequest();
    const request = { cancel: (): void => {} };
    const cancelled = new Promise<never>((_, reject) => {
      request.cancel = () => reject(new Error('the request was cancelled'));
    });
    // A transport may ignore it.
    cancelled.catch(() => {});
    this.#request = request;
    const settle = (response: Extract<ConnectionEvent, { type: 'response' }>['response']): void => {
      if (this.#request !== request) return;
      this.#request = null;
      this.#dispatch({ type: 'response', response });
    };
    runInBackground(this.#options.fetchState(timeoutMs, cancelled).then(settle, () => settle(null)));
  }

  #cancelRequest(): void {
    const request = this.#request;
    this.#request = null;
    if (request !== null) request.cancel();
  }

  #arm(): void {
    const due = dueAt(this.#state);
    if (due === this.#dueAt) return;
    this.#dueAt = due;
    this.#timer.clear();
    if (due === Infinity) return;
    this.#timer.set(Math.max(0, due - this.#options.now()), () => {
      this.#dueAt = Infinity;
      this.#dispatch({ type: 'time' });
    });
  }
}

/** RFC 6455 section 7.1.5: a connection that was closed without a close frame. */
const abnormalClosure = 1006;
