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

/** Opens `count` sockets, with one cookie or one of their own each. Resolves when all handshakes are complete. */
export async function openClients(
  port: number,
  count: number,
  query: string,
  cookie: string | readonly string[],
): Promise<LoadClients> {
  const sockets: Socket[] = [];
  let frames = 0;
  const onFrames = (bytes: Buffer): void => {
    // The frame of a tick is shorter than 126 bytes, so its second byte is its length. In practice TCP splits none.
    for (let at = 0; at + 1 < bytes.length; at += 2 + (bytes[at + 1] ?? 0)) frames += 1;
  };
  for (let first = 0; first < count; first += handshakesAtOnce) {
    const batch = Array.from({ length: Math.min(handshakesAtOnce, count - first) }, (_, n) =>
      upgrade(port, query, typeof cookie === 'string' ? cookie : (cookie[first + n] ?? ''), onFrames),
    );
    sockets.push(...(await Promise.all(batch)));
  }
  return {
    framesSinceLast: () => {
      const counted = frames;
      frames = 0;
      return counted;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

function upgrade(port: number, query: string, cookie: string, onFrames: (bytes: Buffer) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', reject);
    socket.once('data', (bytes) => {
      const end = bytes.indexOf('\r\n\r\n') + 4;
      const status = bytes.subarray(9, 12).toString();
      if (status !== '101') return reject(new Error(`the handshake was refused with ${status}`));
      onFrames(bytes.subarray(end));
      socket.on('data', onFrames);
      socket.on('error', () => {});
      resolve(socket);
    });
    socket.write(
      `GET /time/tic/${query} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\nCookie: ${cookie}\r\n\r\n`,
    );
  });
}
