import { connect, type Socket } from 'node:net';
import { ArrivalCounter, type Arrivals } from './arrivals.ts';
import { clientFrame, FrameReader, opcodes } from './frame-reader.ts';

/** What a group of sockets connects to. */
export interface Target {
  port: number;
  /** Path and query of the handshake. */
  path: string;
  cookie?: string;
  /** A text that the client sends after the handshake. */
  greeting?: string;
  /** Texts of the server that the client answers, with the answers. */
  answers?: Readonly<Record<string, string>>;
}

/** More at once would let a server batch its lookups, which real arrivals seldom allow. */
const handshakesAtOnce = 8;

/** A group of open sockets that costs little CPU. */
export class LoadSockets {
  readonly #target: Target;
  readonly #localAddress: string;
  readonly #counter = new ArrivalCounter();
  readonly #sockets = new Set<Socket>();

  constructor(target: Target, localAddress: string) {
    this.#target = target;
    this.#localAddress = localAddress;
    this.#counter.reset();
  }

  /** Resolves when all handshakes are complete. Rejects if one is refused. */
  async open(count: number): Promise<void> {
    for (let first = 0; first < count; first += handshakesAtOnce) {
      const batch = Array.from({ length: Math.min(handshakesAtOnce, count - first) }, () => this.#openOne());
      await Promise.all(batch);
    }
  }

  /** Number of sockets that the server has not closed. */
  get size(): number {
    return this.#sockets.size;
  }

  /** Begins to count anew. */
  reset(): void {
    this.#counter.reset();
  }

  arrivals(): Arrivals {
    return this.#counter.report();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #openOne(): Promise<void> {
    const { port, path, cookie, greeting } = this.#target;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket = connect({ port, host: '127.0.0.1', localAddress: this.#localAddress });
    const reader = new FrameReader((opcode, bytes, start, end) => this.#onFrame(socket, opcode, bytes, start, end));
    socket.once('error', reject);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      reject(new Error('the server closed the connection during the handshake'));
    });
    let head = Buffer.alloc(0);
    const onHead = (bytes: Buffer): void => {
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf('\r\n\r\n') + 4;
      if (end < 4) return;
      const status = head.subarray(9, 12).toString();
      if (status !== '101') return reject(new Error(`the handshake was refused with ${status}`));
      this.#sockets.add(socket);
      reader.read(head.subarray(end));
      socket.off('data', onHead).on('data', (more) => reader.read(more));
      socket.on('error', () => {});
      if (greeting !== undefined) socket.write(clientFrame(opcodes.text, greeting));
      resolve();
    };
    socket.on('data', onHead);
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n` +
        `${cookie === undefined ? '' : `Cookie: ${cookie}\r\n`}\r\n`,
    );
    return promise;
  }

  #onFrame(socket: Socket, opcode: number, bytes: Buffer, start: number, end: number): void {
    if (opcode === opcodes.ping) {
      socket.write(clientFrame(opcodes.pong, bytes.subarray(start, end)));
    } else if (opcode === opcodes.text) {
      const text = bytes.toString('latin1', start, end);
      const answer = this.#target.answers?.[text];
      if (answer === undefined) this.#counter.add(text, performance.timeOrigin + performance.now());
      else socket.write(clientFrame(opcodes.text, answer));
    }
  }
}
