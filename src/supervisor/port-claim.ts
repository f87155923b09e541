import type { AddressInfo, Server } from 'node:net';
import { UserError } from '../lifecycle.ts';
import { closeServer, listenError, listenOptions, occupiedAddresses, openServer, publicOptions } from '../listening.ts';

/**
 * The exclusive use of a port by one parent and its children. The children share the port, and the system would let
 * those of another parent share it as well. So the parent checks that nothing listens, and holds locks for life.
 */
export class PortClaim {
  readonly port: number;
  readonly #locks: readonly Server[];

  private constructor(port: number, locks: readonly Server[]) {
    this.port = port;
    this.#locks = locks;
  }

  /** Claims a port, 0 for any free one. `host`: `::` means all addresses. Throws a `UserError` if that fails. */
  static async take(host: string, port: number): Promise<PortClaim> {
    if (process.platform !== 'linux') {
      throw new UserError('--workers: only Linux distributes connections over processes; use --workers 1');
    }
    const wanted = { host, port };
    const probe = await openServer(listenOptions(wanted)).catch((error: NodeJS.ErrnoException) => {
      throw listenError(error, wanted, publicOptions);
    });
    const { address, port: claimed } = probe.address() as AddressInfo;
    const locks: Server[] = [];
    try {
      // Taken while the port is, so that of two parents that start at once only one has both.
      for (const occupied of occupiedAddresses(address)) locks.push(await takeLock(`${occupied} ${claimed}`));
      return new PortClaim(claimed, locks);
    } catch (error) {
      await Promise.all(locks.map(closeServer));
      throw (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
        ? listenError(error as NodeJS.ErrnoException, wanted, publicOptions)
        : error;
    } finally {
      await closeServer(probe);
    }
  }

  async release(): Promise<void> {
    await Promise.all(this.#locks.map(closeServer));
  }
}

/** An abstract Unix socket, which ends with its process and belongs to the same network namespace as the port. */
function takeLock(name: string): Promise<Server> {
  return openServer({ path: `\0clock-web ${name}` }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') throw error;
    throw new UserError(`--workers: cannot open a Unix socket (${error.message}); allow it, or use --workers 1`);
  });
}
