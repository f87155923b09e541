import { once } from 'node:events';
import { createServer } from 'node:net';

const firstPort = 12_000 + 5_000 * (Number(process.env['VITEST_POOL_ID'] ?? 0) % 4);
const returned = new Set<number>();

/**
 * Finds an unused port below the kernel's ephemeral range. Never returns a port twice; test files that run in parallel
 * draw from disjoint ranges.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = firstPort + Math.floor(Math.random() * 5_000);
    if (returned.has(port)) continue;
    returned.add(port);
    const server = createServer();
    try {
      server.listen({ port, host: '127.0.0.1', exclusive: true });
      await once(server, 'listening');
      return port;
    } catch {
      // In use: try another.
    } finally {
      server.close();
    }
  }
}
