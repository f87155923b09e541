import { closeCode, type InitialState, type ScreenState } from '../protocol.ts';
import type { ConnectionOptions } from './connection-options.ts';
import { Flywheel } from './flywheel.ts';
import { Freshness } from './freshness.ts';
import { isOurFault, Line, type Loss } from './line.ts';
import { Reopening } from './reopening.ts';
import { type Schedule, Timer } from './timer.ts';
import type { StateAnswer } from './wire.ts';

const askWithinMs = 5_000;
const statusEveryMs = 30_000;
/** A page that has heard nothing for 1.3 s asks, and 0.7 s later knows; one that has no socket to ask knows as soon. */
const silentMs = 2_000;
/** Longer waits than this are no order of a server that wants its clients back. */
const longestOrderMs = 3_600_000;

/**
 * Keeps one line to the server for as long as there is a session, by the rules of the contract's sections 3 and 5. A
 * lost line is replaced and never waited for. What ends the session ends the connection too, for good.
 */
export class Connection {
  /** House time, as this connection keeps it. */
  readonly house: Flywheel;
  readonly #options: ConnectionOptions;
  readonly #freshness: Freshness;
  readonly #reopening: Reopening;
  readonly #silence: Timer;
  readonly #staleAsk: Timer;
  readonly #status: Timer;
  #line: Line | null = null;
  /** Of the newest tick that this line brought. */
  #newestAt: number | null = null;
  /** What the server told on opening, kept until house time is known and tells how old it is. */
  #told: InitialState | null = null;
  #over = false;

  constructor(options: ConnectionOptions) {
    const { now, random, isReachable } = options;
    // A timer that comes late may be the first thing that runs after a sleep.
    const schedule: Schedule = (run, delayMs) =>
      options.schedule(() => {
        this.look();
        run();
      }, delayMs);
    this.#options = { ...options, schedule };
    this.house = new Flywheel(options);
    this.#freshness = new Freshness({ now, schedule, onChange: (state) => this.#changed(state) });
    this.#silence = new Timer(schedule);
    this.#staleAsk = new Timer(schedule);
    this.#status = new Timer(schedule);
    const onDue = (): void => {
      this.#line?.close();
      this.#open();
    };
    this.#reopening = new Reopening({ now, schedule, random, isReachable, onDue });
  }

  get state(): ScreenState {
    return this.#freshness.state;
  }

  /** Opens the first line. */
  start(): void {
    this.#freshness.start();
    this.#tellRegularly();
    this.#open();
  }

  /**
   * The device woke, the page came to be seen, the network returned: whatever is open is checked at once, and a wait
   * that only the network was the reason for begins anew.
   */
  wake(): void {
    if (this.#over) return;
    this.look();
    if (this.#freshness.state !== 'connecting') this.#freshness.judge();
    this.#line?.check();
    this.#line?.burst();
    this.#reopening.hasten();
  }

  /** The device, or this page, stood still: nothing that was known counts any more. */
  resume(): void {
    if (this.#over) return;
    this.house.forget();
    this.#standStill();
    this.wake();
  }

  /** To be called before house time is used: finds out whether the device slept meanwhile. */
  look(): void {
    if (this.#over || this.house.look() === null) return;
    this.#standStill();
    this.#line?.check();
    this.#line?.burst();
  }

  /** Ends it; nothing is told any more. */
  stop(): void {
    this.#over = true;
    this.#freshness.stop();
    this.#silence.clear();
    this.#reopening.stop();
    this.#staleAsk.clear();
    this.#status.clear();
    this.#line?.close();
    this.#line = null;
  }

  #open(): void {
    this.#reopening.begun();
    this.#newestAt = null;
    this.#told = null;
    this.#line = new Line(this.#options, this.house, {
      stirred: () => this.look(),
      opened: () => {
        this.#reopening.opened();
        this.#tell();
        void this.#askOnOpening();
      },
      heard: (tick, instant) => {
        this.#heard();
        this.#newestAt = tick.at;
        this.#told = null;
        if (instant !== null) this.#freshness.heard(instant);
        this.#options.onTick?.(tick);
      },
      answered: ({ spread, build }, moved) => {
        this.#heard();
        this.#reopening.spreadOver(spread);
        if (moved && this.#newestAt !== null) this.#freshness.correct(this.#instantOfNewest());
        this.#weigh();
        this.#options.onBuild(build);
      },
      lost: (loss) => this.#lost(loss),
    });
  }

  /** Until the server has said what time it is, none is claimed. */
  #standStill(): void {
    this.#line?.forgetAsked();
    const isClaimed = this.#freshness.state === 'live';
    if (isClaimed && this.house.now() === null) this.#freshness.correct(-Infinity);
  }

  #heard(): void {
    this.#reopening.heard();
    this.#silence.set(silentMs, () => this.#freshness.correct(-Infinity));
  }

  #lost(loss: Loss): void {
    this.#line = null;
    if (loss === closeCode.sessionEnded) return this.#signOut();
    if (loss === 'refused') return void this.#askWhyRefused();
    if (loss === 'silent') this.#freshness.correct(-Infinity);
    if (isOurFault(loss)) this.#reopening.broken();
    else this.#reopening.lost(loss === closeCode.goingAway);
  }

  async #askOnOpening(): Promise<void> {
    const { attempts } = this.#reopening;
    const state = this.#take(await this.#ask());
    if (state === null || attempts !== this.#reopening.attempts || this.#newestAt !== null) return;
    this.#told = state;
    this.#weigh();
  }

  /** A browser cannot read with what status its handshake was refused: this can. */
  async #askWhyRefused(): Promise<void> {
    const { attempts } = this.#reopening;
    this.#reopening.asks(askWithinMs);
    const answer = await this.#ask();
    if (answer === null || attempts !== this.#reopening.attempts) return;
    this.#take(answer);
    const orderMs = answer.status === 503 ? Math.min(answer.retryAfterMs ?? 0, longestOrderMs) : 0;
    this.#reopening.answered(answer.status === 200, orderMs);
  }

  /** Null when it is too late for an answer; status 0 when none came. */
  async #ask(): Promise<StateAnswer | null> {
    const none: StateAnswer = { status: 0, retryAfterMs: null, state: null };
    const answer = await this.#options.fetchState(askWithinMs).catch(() => none);
    if (this.#over) return null;
    if (answer.status !== 401) return answer;
    this.#signOut();
    return null;
  }

  #take(answer: StateAnswer | null): InitialState | null {
    const state = answer?.state ?? null;
    // A proxy that wants a sign-in of its own also answers with 200.
    if (state === null || !(state.interval > 0)) return null;
    const { current, at, seq, channel, zone, interval, spread, build } = state;
    this.#reopening.spreadOver(spread);
    this.#freshness.expectEvery(interval);
    if (zone !== null) this.#options.onZone(zone);
    this.#options.onBuild(build);
    if (current !== null && at !== null && seq !== null) this.#options.onTick?.({ channel, text: current, at, seq });
    return state;
  }

  /** What was told on opening counts as a tick, and as no older than it is. */
  #weigh(): void {
    if (this.#told === null) return;
    const { stale, at } = this.#told;
    if (stale || at === null) this.#freshness.correct(-Infinity);
    else {
      // An answer of this very line is awaited: that somebody else is reached proves nothing about it.
      const instant = this.house.isHeld ? null : this.house.instantOf(at);
      if (instant === null) return;
      this.#newestAt = at;
      this.#freshness.heard(instant);
    }
    this.#told = null;
  }

  #instantOfNewest(): number {
    return (this.#newestAt === null ? null : this.house.instantOf(this.#newestAt)) ?? -Infinity;
  }

  #changed(state: ScreenState): void {
    this.#tell();
    if (state === 'stale') {
      this.#staleAsk.set(this.#reopening.partOfSpread(), () => void this.#ask().then((answer) => this.#take(answer)));
    }
    this.#options.onState(state);
  }

  #tell(): void {
    const { offsetMs, errorMs } = this.house;
    this.#line?.tell({ build: this.#options.build, state: this.state, offsetMs, errorMs });
  }

  #tellRegularly(): void {
    this.#tell();
    this.#status.set(statusEveryMs, () => this.#tellRegularly());
  }

  #signOut(): void {
    this.stop();
    this.#freshness.signOut();
  }
}
