import type { Backend } from '../backend/backend.ts';
import { closeCode, parseClientMessage, type Sync } from '../protocol.ts';
import { stateOf, type Hub, type Socket, type SocketState } from './hub.ts';
import type { Spread } from './spread.ts';

const maxMessageBytes = 1_024;
/** The size of the token bucket that limits a client's messages. */
export const maxMessageTokens = 20;
const messageTokensPerSecond = 2;

export interface ClientMessagesOptions {
  hub: Hub;
  backend: Pick<Backend, 'time'>;
  spread: Spread;
  /** Compares house time with UTC; undefined without NTP servers. */
  utc?: UtcCheck | undefined;
  build: string;
}

export interface UtcCheck {
  /** The maximum deviation of house time from UTC, ms; null while it is unknown. */
  readonly utcErrorMs: number | null;
  /** Null while there is no alarm. */
  readonly alarm: string | null;
}

/** What clients send: questions about the time, and the states of screens. */
export class ClientMessages {
  readonly #options: ClientMessagesOptions;

  constructor(options: ClientMessagesOptions) {
    this.#options = options;
  }

  /** Answers a message, or closes the socket if it breaks a rule. */
  onMessage(socket: Socket, bytes: ArrayBuffer, isBinary: boolean): void {
    const receivedAt = this.#options.backend.time.now();
    if (isBinary) return socket.end(closeCode.binary, 'text only');
    if (bytes.byteLength > maxMessageBytes) return socket.end(closeCode.tooLong, 'too long');
    if (!takeMessageToken(stateOf(socket))) return socket.end(closeCode.brokenRule, 'too many messages');
    const message = parseClientMessage(Buffer.from(bytes).toString('utf8'));
    if (message === null) return socket.end(closeCode.brokenRule, 'not an object');
    this.#options.hub.onMessage(socket, message !== 'ignored' && 'status' in message ? message.status : null);
    if (message !== 'ignored' && 'sync' in message) this.#answerSync(socket, message.sync, receivedAt);
  }

  #answerSync(socket: Socket, echo: number, received: number): void {
    const { backend, spread, utc, build } = this.#options;
    const { time } = backend;
    const sync: Sync = {
      echo,
      received,
      sent: time.now(),
      error: time.errorMs,
      utcError: utc?.utcErrorMs ?? null,
      ...(utc?.alarm ? { utcAlarm: true } : {}),
      spread: spread.ms,
      build,
    };
    socket.send(JSON.stringify({ sync }), false);
  }
}

function takeMessageToken(state: SocketState): boolean {
  const now = performance.now();
  const refilled = state.messageTokens + ((now - state.refilledAt) / 1_000) * messageTokensPerSecond;
  state.messageTokens = Math.min(maxMessageTokens, refilled) - 1;
  state.refilledAt = now;
  return state.messageTokens >= 0;
}
