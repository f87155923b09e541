/** A part of a role that starts and stops. */
export interface Service {
  readonly name: string;
  /** Resolves when the service is ready. */
  start(): Promise<void>;
  /** Resolves when nothing of the service runs any more. May be called twice, and after a failed start. */
  stop(): Promise<void>;
}

/** An error that a person can fix. The message is one line that says how; it is printed without a stack. */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly exitCode: 1 | 2;

  /** `exitCode` 2: the command cannot run with these arguments. 1: it ran and failed. */
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
 * Starts services in order. If one fails, stops it and those before it, in reverse order, and rethrows the error. After
 * `stopping` aborts, starts no further service.
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

/**
 * Stops services in reverse order. If one fails, logs the error and continues with the next. Resolves to whether none
 * failed.
 */
export async function stopAll(services: readonly Service[], log: LifecycleLog): Promise<boolean> {
  let hasStoppedAll = true;
  for (const service of services.toReversed()) {
    try {
      await service.stop();
    } catch (error) {
      hasStoppedAll = false;
      log.error({ err: error, service: service.name }, 'service failed to stop');
    }
  }
  return hasStoppedAll;
}

export interface RunOptions {
  shutdown: {
    /** Aborts when the services have to stop. */
    readonly signal: AbortSignal;
    /** Read after the services have stopped. */
    readonly exitCode: 0 | 1;
  };
  /** Time limit for stopping. */
  graceMs: number;
  /** Called once all services have started. */
  onStarted: () => void;
  log: LifecycleLog;
}

/**
 * Starts services, waits until the shutdown begins and stops them. Resolves to the exit code: 1 if not all services
 * stopped, else that of the shutdown. Rejects with the error of a service that does not start.
 */
export async function run(
  services: readonly Service[],
  { shutdown, graceMs, onStarted, log }: RunOptions,
): Promise<0 | 1> {
  const { signal: stopping } = shutdown;
  await startAll(services, log, stopping);
  if (!stopping.aborted) onStarted();
  // A pending promise does not keep a process alive, and the services of a role may hold no handle.
  const keepAlive = setInterval(() => {}, 2 ** 30);
  await aborted(stopping);
  clearInterval(keepAlive);

  const { promise: timeout, resolve } = Promise.withResolvers<'timeout'>();
  const deadline = setTimeout(() => resolve('timeout'), graceMs);
  const stopped = await Promise.race([stopAll(services, log), timeout]);
  clearTimeout(deadline);
  if (stopped === 'timeout') log.error({ graceMs }, 'grace period over: exiting before all services have stopped');
  return stopped === true ? shutdown.exitCode : 1;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
