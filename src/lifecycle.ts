/** What a role is made of. */
export interface Service {
  readonly name: string;
  /** Resolves when ready. */
  start(): Promise<void>;
  /** Resolves when nothing of it runs any more. Safe twice, and after a failed start. */
  stop(): Promise<void>;
}

/** Something a person can mend. Its message is one line that says what to do; nobody needs its stack. */
export class UserError extends Error {
  override readonly name = 'Failure';
  readonly exitCode: 1 | 2;

  /** `exitCode` 2: what was asked for cannot be; 1: it could be, but it did not come out well. */
  constructor(message: string, exitCode: 1 | 2 = 2) {
    super(message);
    this.exitCode = exitCode;
  }
}

interface LifecycleLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/**
 * Starts services in order. When one fails, those before it are stopped again, in reverse, and the error is thrown.
 * An abort meanwhile stops the row after the service that is starting.
 */
async function startAll(services: readonly Service[], log: LifecycleLog, stopping: AbortSignal): Promise<void> {
  for (const [index, service] of services.entries()) {
    if (stopping.aborted) return;
    try {
      await service.start();
    } catch (error) {
      await stopAll(services.slice(0, index + 1), log);
      throw error;
    }
  }
}

/** Stops services in reverse order. One that fails is logged, and the rest are stopped all the same. */
export async function stopAll(services: readonly Service[], log: LifecycleLog): Promise<void> {
  for (const service of services.toReversed()) {
    try {
      await service.stop();
    } catch (error) {
      log.error({ err: error, service: service.name }, 'could not be stopped cleanly');
    }
  }
}

/** The one place that listens to signals: aborts on the first SIGTERM or SIGINT, exits at once on the second. */
export function stopOnSignals(log: LifecycleLog): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(1);
      log.info({ signal }, 'stopping');
      controller.abort();
    });
  }
  return controller.signal;
}

export interface Run {
  stopping: AbortSignal;
  /** How long stopping may take. */
  graceMs: number;
  onStarted: () => void;
  log: LifecycleLog;
}

/**
 * Starts services, waits until `stopping` aborts and stops them. Resolves to the exit code: 0, or 1 when the grace
 * ran out.
 */
export async function run(services: readonly Service[], { stopping, graceMs, onStarted, log }: Run): Promise<0 | 1> {
  await startAll(services, log, stopping);
  if (!stopping.aborted) onStarted();
  // A pending promise keeps no process alive; a role whose services hold no handle must still wait for its signal.
  const keepAlive = setInterval(() => {}, 2 ** 30);
  await aborted(stopping);
  clearInterval(keepAlive);

  const { promise: graceOver, resolve } = Promise.withResolvers<1>();
  const deadline = setTimeout(() => resolve(1), graceMs);
  const exitCode = await Promise.race([stopAll(services, log).then(() => 0 as const), graceOver]);
  clearTimeout(deadline);
  if (exitCode === 1) log.error({ graceMs }, 'grace period over: exiting without waiting any longer');
  return exitCode;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
