import { networkInterfaces } from 'node:os';
import type * as UwsModule from 'uWebSockets.js';
import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocket,
  WebSocketBehavior,
} from 'uWebSockets.js';
import { isExecutable, loadBundledAddon } from '../executable.ts';

export type { HttpRequest, HttpResponse, TemplatedApp, WebSocket, WebSocketBehavior };
export type ListenSocket = us_listen_socket;
export type SocketContext = us_socket_context_t;

/** More than the 16 KiB that the guard allows, so that Clock sends the refusal. The addon reads it once, on loading. */
const headerBytes = 20 * 1024;

export type Uws = typeof UwsModule;

/** Loads uWebSockets.js, a native addon. Loaded late: `--help` and the roles without a web server work without it. */
export async function loadUws(): Promise<Uws> {
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(headerBytes);
  return isExecutable() ? (loadBundledAddon() as Uws) : import('uWebSockets.js');
}

export interface ListenAddress {
  /** `::` means all addresses, or all IPv4 addresses if this host has no IPv6. */
  host: string;
  /** 0 for any free one. */
  port: number;
  /** Whether other processes of this user may listen on the port, each for some of the clients. */
  isShared: boolean;
}

/** Listens on a port. Resolves to false if that is not possible. */
export function listen(app: TemplatedApp, { host, port, isShared }: ListenAddress): Promise<ListenSocket | false> {
  const address = host === '::' && !hasIpv6() ? '0.0.0.0' : host;
  return new Promise((resolve) => {
    // The typings lack both this overload and the constants' export.
    const listen = app.listen as unknown as (...all: unknown[]) => void;
    // By default uWebSockets.js shares the port even with a server that is not related, without an error.
    const [sharedPort, exclusivePort] = [0, 1];
    listen.call(app, address, port, isShared ? sharedPort : exclusivePort, resolve);
  });
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ family }) => family === 'IPv6'));
}
