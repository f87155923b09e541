import type { Environment } from '../config.ts';
import { failedMessage, parseToChild, type ParentState, type ToParent } from './messages.ts';

/** The environment variable that makes a process a child, with the port that it shares. */
export const portVariable = 'CLOCK_SHARED_PORT';

/** What a child needs of its `process`. */
type ChildProcess = Pick<NodeJS.Process, 'on' | 'once' | 'connected' | 'send'>;

/** The channel to the parent of this process, which is one of several web processes. */
export class ParentChannel {
  /** The port that the web processes share. */
  readonly port: number;
  readonly #process: ChildProcess;
  #state: ParentState = { isStarting: true, unready: 'starting', utc: null, utcAlarm: null };
  #onStop = (): void => {};
  #onAsk = (): void => {};

  private constructor(port: number, child: ChildProcess) {
    this.port = port;
    this.#process = child;
    child.on('message', (value) => this.#onMessage(value));
    // The parent has ended, perhaps by SIGKILL.
    child.once('disconnect', () => this.#onStop());
  }

  /** Null for a process that is nobody's child: a person, a script or a service manager started it. */
  static open(environment: Environment, child: ChildProcess = process): ParentChannel | null {
    const port = environment[portVariable];
    return port === undefined || child.send === undefined ? null : new ParentChannel(Number(port), child);
  }

  /** The latest state that the parent sent. */
  get state(): ParentState {
    return this.#state;
  }

  /** `listener` is called when this process has to stop: on the parent's request, or because the parent ended. */
  onStop(listener: () => void): void {
    this.#onStop = listener;
    if (!this.#process.connected) listener();
  }

  /** `listener` is called when the parent asks whether this process responds, and for metrics. */
  onAsk(listener: () => void): void {
    this.#onAsk = listener;
  }

  /** Resolves to whether the message was sent. */
  send(message: ToParent): Promise<boolean> {
    return new Promise((resolve) => {
      if (!this.#process.connected) return resolve(false);
      this.#process.send?.(message, undefined, undefined, (error) => resolve(error === null));
    });
  }

  /** Reports the error that keeps this process from starting. Resolves to whether it was sent. */
  fail(error: unknown): Promise<boolean> {
    return this.send(failedMessage(error));
  }

  /** Passes a line of the audit on to the parent's log. Resolves to whether it was sent. */
  audit(fields: object, message: string): Promise<boolean> {
    return this.send({ kind: 'audit', fields, message });
  }

  #onMessage(value: unknown): void {
    const message = parseToChild(value);
    if (message?.kind === 'stop') this.#onStop();
    else if (message?.kind === 'ask') this.#onAsk();
    else if (message?.kind === 'state') this.#state = message;
  }
}
