import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port that nobody listens on, below those that the kernel gives to outgoing connections. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    const server = createServer();
    try {
      server.listen({ port, host: '127.0.0.1', exclusive: true });
      await once(server, 'listening');
      return port;
    } catch {
      // Taken: the next one.
    } finally {
      server.close();
    }
  }
}
