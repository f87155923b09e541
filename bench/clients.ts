/** Opens many sockets at little cost: of a frame they parse only the length. */
import { connect, type Socket } from 'node:net';

/** A group of sockets that receive ticks. */
export interface LoadClients {
  /** Number of frames received since the last call. */
  framesSinceLast(): number;
  close(): void;
}

/** More at once would let the baseline batch its Redis lookups, which real arrivals seldom allow. */
const handshakesAtOnce = 8;

/** Of all sockets: what is read is counted at once. */
const readBuffer = new Uint8Array(65_536);

/**
 * Opens `count` sockets, with one cookie or one of their own each. Resolves when all handshakes are complete. With
 * `readEveryMs`, the kernel collects the frames for this long, so that reading them costs less.
 */
export async function openClients(
  port: number,
  count: number,
  query: string,
  cookie: string | readonly string[],
  readEveryMs?: number,
): Promise<LoadClients> {
  const sockets: Socket[] = [];
  let frames = 0;
  const onFrames = (bytes: Buffer): boolean => {
    // The frame of a tick is shorter than 126 bytes, so its second byte is its length. In practice TCP splits none.
    for (let at = 0; at + 1 < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) frames += 1;
    return readEveryMs === undefined;
  };
  for (let first = 0; first < count; first += handshakesAtOnce) {
    const batch = Array.from({ length: Math.min(handshakesAtOnce, count - first) }, (_, n) =>
      upgrade(port, query, typeof cookie === 'string' ? cookie : (cookie[first + n] ?? ''), onFrames),
    );
    sockets.push(...(await Promise.all(batch)));
  }
  const readAll = (): void => {
    for (const socket of sockets) socket.resume();
  };
  const timer = readEveryMs === undefined ? undefined : setInterval(readAll, readEveryMs);
  return {
    framesSinceLast: () => {
      const counted = frames;
      frames = 0;
      return counted;
    },
    close: () => {
      clearInterval(timer);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** `onFrames` returns false to read no more until `resume` is called. */
function upgrade(port: number, query: string, cookie: string, onFrames: (bytes: Buffer) => boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // The buffer of a read is that of all sockets. Null once the handshake is complete.
    let head: Buffer | null = Buffer.alloc(0);
    const onRead = (length: number, buffer: Uint8Array): boolean => {
      const bytes = Buffer.from(buffer.buffer, 0, length);
      if (head === null) return onFrames(bytes);
      head = Buffer.concat([head, bytes]);
      const end = head.indexOf('\r\n\r\n') + 4;
      if (end < 4) return true;
      const status = head.subarray(9, 12).toString();
      if (status !== '101') {
        socket.destroy(new Error(`the handshake was refused with ${status}`));
        return false;
      }
      const frames = head.subarray(end);
      head = null;
      resolve(socket);
      return onFrames(frames);
    };
    const socket = connect({ port, host: '127.0.0.1', onread: { buffer: readBuffer, callback: onRead } });
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the server closed the connection during the handshake')));
    socket.write(
      `GET /time/tic/${query} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nCookie: ${cookie}\r\n\r\n`,
    );
  });
}
