import { UserError } from '../lifecycle.ts';
import {
  begin,
  countListening,
  step,
  type ChildExit,
  type Effect,
  type Event,
  type State,
  type Step,
} from './machine.ts';
import type { Child, ChildListener } from './child-process.ts';
import { reportedError, type ToChild, type ToParent } from './messages.ts';

/** For a replacement, which may have to share its cores with all others that start. */
const startWithinMs = 120_000;

interface SupervisorLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface SupervisorOptions {
  count: number;
  spawn: (listener: ChildListener) => Child;
  /** Called with each message of a child, also with `listening` and `failed`. */
  onMessage: (slot: number, message: ToParent) => void;
  onExit: (slot: number) => void;
  log: SupervisorLog;
  /** Monotonic, ms. */
  now: () => number;
  schedule: (run: () => void, delayMs: number) => () => void;
}

/** Runs a number of child processes and replaces each that ends. What it does and when is decided by `step`. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #children = new Map<number, Child>();
  readonly #failures = new Map<number, Error>();
  /** The delay before a child starts, or the limit of its start. */
  readonly #cancelTimers = new Map<number, () => void>();
  readonly #started = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  readonly #killAll = (): void => this.#children.forEach((child) => child.kill('SIGKILL'));
  #state: State | null = null;
  #replaced = 0;
  /** How a child ended that had to stop, if it did not succeed. */
  #failureToStop: string | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** How many children listen. */
  get listening(): number {
    return this.#state === null ? 0 : countListening(this.#state);
  }

  /** How many children ended and were replaced, or will be. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Resolves when all children listen, and also if it is stopped before. Rejects if one of them cannot. */
  async start(): Promise<void> {
    // No child outlives a parent that exits before they have stopped.
    process.once('exit', this.#killAll);
    this.#run(begin(this.#options.count));
    await this.#started.promise;
  }

  /** Asks all children to stop. A child that did not listen yet may then end in any way. */
  requestStop(): void {
    this.#started.resolve();
    this.#cancelTimers.forEach((cancel) => cancel());
    this.#on({ kind: 'stop' });
  }

  /** Asks all children to stop. Resolves when they have ended; rejects if one of them did not succeed. */
  async stop(): Promise<void> {
    if (this.#state === null) return;
    this.requestStop();
    await this.#stopped.promise;
    process.off('exit', this.#killAll);
    if (this.#failureToStop !== null)
      throw new Error(`a web process did not stop as it should: ${this.#failureToStop}`);
  }

  send(slot: number, message: ToChild): void {
    this.#children.get(slot)?.send(message);
  }

  pidOf(slot: number): number | undefined {
    return this.#children.get(slot)?.pid;
  }

  /** Sends a signal to a child that listens, and so handles it. */
  kill(slot: number, signal: NodeJS.Signals): void {
    if (this.#state?.slots[slot]?.status === 'listening') this.#children.get(slot)?.kill(signal);
  }

  #on(event: Event): void {
    if (this.#state !== null) this.#run(step(this.#state, event));
  }

  #run([state, effects]: Step): void {
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'spawn':
        return this.#spawn(effect.slot);
      case 'delay':
        return this.#delay(effect);
      case 'stop':
        return this.send(effect.slot, { kind: 'stop' });
      case 'started':
        return this.#started.resolve();
      case 'failed':
        return this.#started.reject(errorOf(effect.exit));
      case 'stopped':
        return this.#stopped.resolve();
    }
  }

  #spawn(slot: number): void {
    const { spawn, onMessage, now } = this.#options;
    this.#failures.delete(slot);
    const listener: ChildListener = {
      onMessage: (message) => {
        if (message.kind === 'failed') this.#failures.set(slot, reportedError(message));
        onMessage(slot, message);
        if (message.kind !== 'listening') return;
        this.#cancelTimers.get(slot)?.();
        this.#on({ kind: 'listening', slot, now: now() });
      },
      onExit: ({ code, signal, error }) => {
        const failure = error && new UserError(`cannot start a web process: ${error.message}`, 1);
        this.#onExit(slot, { code, signal, failure });
      },
    };
    try {
      const child = spawn(listener);
      this.#children.set(slot, child);
      this.#schedule(slot, () => this.#endSlowStart(child), startWithinMs);
    } catch (error) {
      // Node throws some errors of the system, such as ENOMEM, and emits the others. Later, since effects may follow.
      queueMicrotask(() => listener.onExit({ code: null, signal: null, error: error as Error }));
    }
  }

  #onExit(slot: number, exit: ChildExit): void {
    const { onExit, now } = this.#options;
    this.#children.delete(slot);
    const hasListened = this.#state?.slots[slot]?.status === 'listening';
    if (this.#state?.phase === 'stopping' && hasListened && exit.code !== 0) this.#failureToStop ??= describeExit(exit);
    onExit(slot);
    const failure = exit.failure ?? this.#failures.get(slot) ?? null;
    this.#on({ kind: 'exited', slot, now: now(), exit: { ...exit, failure } });
  }

  #delay({ slot, delayMs, exit }: Effect & { kind: 'delay' }): void {
    const { log } = this.#options;
    this.#replaced += 1;
    const error = errorOf(exit);
    // A child leaves its error to the parent, which is the only one to log the stack of an unexpected one.
    const reason = error instanceof UserError ? { reason: error.message } : { err: error };
    log.warn({ ...reason, delayMs }, 'a web process ended; another one replaces it');
    this.#schedule(slot, () => this.#on({ kind: 'delay-over', slot }), delayMs);
  }

  /** At the first start, a service manager or a person limits the time. */
  #endSlowStart(child: Child): void {
    if (this.#state?.phase !== 'running') return;
    this.#options.log.warn({ child: child.pid }, 'a web process did not start within two minutes and is killed');
    child.kill('SIGKILL');
  }

  #schedule(slot: number, run: () => void, delayMs: number): void {
    this.#cancelTimers.get(slot)?.();
    this.#cancelTimers.set(slot, this.#options.schedule(run, delayMs));
  }
}

function errorOf({ code, signal, failure }: ChildExit): Error {
  return failure ?? new UserError(`a web process ended: ${describeExit({ code, signal })}`, code === 2 ? 2 : 1);
}

function describeExit({ code, signal }: Pick<ChildExit, 'code' | 'signal'>): string {
  return signal ?? `exit code ${code}`;
}
