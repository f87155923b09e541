import type { EventEmitter } from 'node:events';

interface ShutdownLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
}

/** Stops a process in place of signals. */
export interface StopRequests {
  onStop(listener: () => void): void;
}

/**
 * Begins the shutdown of a role's process: on SIGTERM or SIGINT, or after an uncaught error, which is logged once as
 * fatal. Ignores SIGHUP, so that a closed terminal does not end a role; other listeners may handle it.
 */
export class Shutdown {
  readonly #controller = new AbortController();
  readonly #log: ShutdownLog;
  #hasFailed = false;

  /** A process with a parent ignores SIGTERM and SIGINT: terminals and systemd send them to all processes at once. */
  constructor(log: ShutdownLog, parent: StopRequests | null, events: EventEmitter = process) {
    this.#log = log;
    if (parent === null) {
      stopOnSignals(log, events, this.#controller);
    } else {
      for (const signal of ['SIGTERM', 'SIGINT']) events.on(signal, () => {});
      parent.onStop(() => this.#controller.abort());
    }
    events.on('SIGHUP', () => {});
    // Node also emits this for a rejection that nothing handles.
    events.on('uncaughtException', (error: unknown) => this.#onUncaught(error));
  }

  /** Aborts when the process begins to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code if stopping succeeds: 1 after an uncaught error, else 0. */
  get exitCode(): 0 | 1 {
    return this.#hasFailed ? 1 : 0;
  }

  #onUncaught(error: unknown): void {
    if (this.#hasFailed) {
      this.#log.error({ err: error }, 'another uncaught error while stopping');
      return;
    }
    this.#hasFailed = true;
    this.#log.fatal({ err: error }, 'uncaught error: stopping');
    this.#controller.abort();
  }
}

/** Handles SIGTERM and SIGINT: the first aborts the returned signal, the second ends the process with exit code 1. */
export function stopOnSignals(
  log: Pick<ShutdownLog, 'info'>,
  events: EventEmitter = process,
  controller = new AbortController(),
): AbortSignal {
  let isRepeated = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    events.on(signal, () => {
      if (isRepeated) process.exit(1);
      isRepeated = true;
      log.info({ signal }, 'stopping');
      controller.abort();
    });
  }
  return controller.signal;
}
