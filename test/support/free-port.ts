import { once } from 'node:events';
import { createServer } from 'node:net';

const mine = 12_000 + 5_000 * (Number(process.env['VITEST_POOL_ID'] ?? 0) % 4);
const given = new Set<number>();

/**
 * A port that nobody listens on, below those that the kernel gives to outgoing connections; each once, and none that a
 * test file beside this one may be given.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = mine + Math.floor(Math.random() * 5_000);
    if (given.has(port)) continue;
    given.add(port);
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
