import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { until } from './until.ts';

export interface RawAnswer {
  status: number;
  /** By lower-case name; of a repeated header the last value. */
  headers: Map<string, string>;
  body: string;
}

/** A TCP connection on which the test writes every byte, for requests that no HTTP client would send. */
export class RawConnection implements Disposable {
  readonly #socket: Socket;
  #received = '';
  #over = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1').on('data', (text) => (this.#received += text));
    socket.on('error', () => {});
    socket.once('close', () => (this.#over = true));
  }

  static async open(port: number, host = '127.0.0.1'): Promise<RawConnection> {
    const socket = connect(port, host);
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  /** A connection that was upgraded to a WebSocket. Throws if the handshake is refused. */
  static async openSocket(port: number, cookie: string): Promise<RawConnection> {
    const connection = await RawConnection.open(port);
    connection.send(
      requestText('GET /time/tic/', [
        `Host: 127.0.0.1:${port}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
        `Cookie: ${cookie}`,
      ]),
    );
    const { status } = await connection.answer();
    if (status !== 101) throw new Error(`the handshake was answered with ${status}`);
    return connection;
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** The next complete response. To a HEAD it has no body, whatever its Content-Length. */
  async answer(method = 'GET'): Promise<RawAnswer> {
    return until(() => this.#take(method), 'an answer comes');
  }

  /** Waits until the server closes the connection; resolves to what was received and not read. */
  async closed(limitMs?: number): Promise<string> {
    await until(() => this.#over, 'the connection is closed', limitMs);
    return this.#received;
  }

  get open(): boolean {
    return !this.#over;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #take(method: string): RawAnswer | null {
    const end = this.#received.indexOf('\r\n\r\n');
    if (end === -1) return null;
    const [first = '', ...lines] = this.#received.slice(0, end).split('\r\n');
    const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), valueOf(line)]));
    const status = Number(first.split(' ')[1]);
    const begin = end + 4;
    const length = bodyLength(method, status, headers);
    // Without a length the body ends with the connection.
    if (length === null ? !this.#over : this.#received.length < begin + length) return null;
    const body = this.#received.slice(begin, length === null ? undefined : begin + length);
    this.#received = this.#received.slice(begin + body.length);
    return { status, headers, body: Buffer.from(body, 'latin1').toString('utf8') };
  }
}

/** Sends one request on a connection of its own. */
export async function ask(port: number, request: string): Promise<RawAnswer> {
  using connection = await RawConnection.open(port);
  connection.send(request);
  return await connection.answer(methodOf(request));
}

/** Like `ask`, for a request after which the server closes the connection. */
export async function askLast(port: number, request: string): Promise<RawAnswer> {
  using connection = await RawConnection.open(port);
  connection.send(request);
  const answer = await connection.answer(methodOf(request));
  await connection.closed();
  return answer;
}

/** The text of a request. */
export function requestText(first: string, lines: readonly string[] = [], body = ''): string {
  return [`${first} HTTP/1.1`, ...lines, '', body].join('\r\n');
}

function methodOf(request: string): string {
  return request.slice(0, request.indexOf(' '));
}

function valueOf(line: string): string {
  return line.slice(line.indexOf(':') + 1).trim();
}

function bodyLength(method: string, status: number, headers: ReadonlyMap<string, string>): number | null {
  if (method === 'HEAD' || status === 204 || status === 304 || status < 200) return 0;
  const length = headers.get('content-length');
  return length === undefined ? null : Number(length);
}
