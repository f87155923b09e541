import { networkInterfaces } from 'node:os';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { formatAuthority, isUnspecified, parseAddress } from './addresses.ts';
import { UserError } from './lifecycle.ts';

/** An address to listen on; `host` `::` means all addresses of both families. */
export interface ListenAddress {
  host: string;
  port: number;
}

/** The options that name the address. */
interface OptionNames {
  host: string;
  port: string;
}

export const publicOptions: OptionNames = { host: '--host', port: '--port' };
export const internalOptions: OptionNames = { host: '--internal-host', port: '--internal-port' };

const otherHost = 'choose an address of this host, or :: for all';
/** By the error code of the system: the option to change, and what to do. */
const problems: Readonly<Record<string, readonly [keyof OptionNames, string]>> = {
  EADDRINUSE: ['port', 'the port is in use; choose another port, or stop the process that listens on it'],
  EACCES: ['port', 'this user may not use the port; choose one above 1023, or grant CAP_NET_BIND_SERVICE'],
  EADDRNOTAVAIL: ['host', `this host does not have the address; ${otherHost}`],
  EAFNOSUPPORT: ['host', 'this host has no IPv6; choose an IPv4 address, or 0.0.0.0 for all'],
  ENOTFOUND: ['host', `the name has no address; ${otherHost}`],
  EAI_AGAIN: ['host', `the name cannot be resolved; ${otherHost}`],
  EINVAL: ['host', `a link-local address cannot be used; ${otherHost}`],
};

/** Why a server cannot listen, as an error that says what to do. */
export function listenError(
  error: Pick<NodeJS.ErrnoException, 'code' | 'message'>,
  { host, port }: ListenAddress,
  names: OptionNames,
): UserError {
  const [option, advice] = problems[error.code ?? ''] ?? ['port', error.message];
  return new UserError(`${names[option]}: cannot listen on ${formatAuthority(host, port)}: ${advice}`);
}

/** Options of `node:net` for an address. Without a host, it listens on `0.0.0.0` if the system has no IPv6. */
export function listenOptions({ host, port }: ListenAddress): ListenOptions {
  return isUnspecified(host) && host.includes(':') ? { port } : { port, host };
}

/** Listens without serving. Rejects with the error of the system. */
export function openServer(options: ListenOptions): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen({ exclusive: true, ...options }, () => resolve(server));
  });
}

export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Tries to listen on an address. Resolves to the error of the system, or to null if it is possible. */
export async function tryToListen(address: ListenAddress): Promise<NodeJS.ErrnoException | null> {
  try {
    await closeServer(await openServer(listenOptions(address)));
    return null;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  }
}

/** The addresses that a server which listens on `address` occupies. Any two that conflict have one in common. */
export function occupiedAddresses(address: string): string[] {
  const canonical = parseAddress(address) ?? address;
  if (!isUnspecified(canonical)) return [canonical];
  const interfaces = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const usable = interfaces.filter(({ family }) => canonical === '::' || family === 'IPv4');
  return [...new Set(['0.0.0.0', ...usable.map((one) => parseAddress(one.address) ?? one.address)])];
}
