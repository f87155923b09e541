import { createServer, type AddressInfo, type ListenOptions, type Server } from 'node:net';
import { cannotListen, isUnspecified } from '../addresses.ts';
import { UserError } from '../lifecycle.ts';

/**
 * The exclusive use of a port by one parent and its children. The children share the port, and the system would let
 * those of another parent share it as well. So the parent checks that nothing listens, and holds a lock for life.
 */
export class PortClaim {
  readonly port: number;
  readonly #lock: Server;

  private constructor(port: number, lock: Server) {
    this.port = port;
    this.#lock = lock;
  }

  /** Claims a port, 0 for any free one. `host`: `::` means all addresses. Throws a `UserError` if it is in use. */
  static async take(host: string, port: number): Promise<PortClaim> {
    if (process.platform !== 'linux') {
      throw new UserError('--workers: only Linux distributes connections over processes; use --workers 1');
    }
    const inUse = (): never => {
      throw cannotListen(host, port);
    };
    // Without a host, Node listens on `::`, or on `0.0.0.0` if the system has no IPv6.
    const probe = await listen({ port, exclusive: true, ...(host === '::' ? {} : { host }) }).catch(inUse);
    const { address, port: claimed } = probe.address() as AddressInfo;
    try {
      // An abstract Unix socket ends with its process, and belongs to the same network namespace as the port. Taken
      // while the port is, so that of two parents that start at once only one has both.
      const name = `\0clock-web ${isUnspecified(address) ? 'all' : address} ${claimed}`;
      return new PortClaim(claimed, await listen({ path: name }).catch(inUse));
    } finally {
      await close(probe);
    }
  }

  async release(): Promise<void> {
    await close(this.#lock);
  }
}

function listen(options: ListenOptions): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
