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
import { isExecutable, loadCarriedAddon } from '../executable.ts';

export type { HttpRequest, HttpResponse, TemplatedApp, WebSocket, WebSocketBehavior };
export type ListenSocket = us_listen_socket;
export type SocketContext = us_socket_context_t;

/** Above the 16 KiB that we allow, so that the refusal is ours; the addon reads it once, when it is loaded. */
const headerBytes = 20 * 1024;

export type Uws = typeof UwsModule;

/** Loads uWebSockets.js, a native addon: late, so that `--help` and the roles without a server do without it. */
export async function loadUws(): Promise<Uws> {
  process.env['UWS_HTTP_MAX_HEADERS_SIZE'] ??= String(headerBytes);
  return isExecutable() ? (loadCarriedAddon() as Uws) : import('uWebSockets.js');
}

/**
 * Listens, port 0 for any, or resolves to false. Exclusively: left alone uWebSockets.js shares the port with another
 * server in silence, and each gets half of the clients.
 */
export function listenExclusively(app: TemplatedApp, host: string, port: number): Promise<ListenSocket | false> {
  return new Promise((resolve) => {
    // The typings lack both this overload and the constant's export.
    const listen = app.listen as unknown as (...all: unknown[]) => void;
    const exclusivePort = 1;
    listen.call(app, host, port, exclusivePort, resolve);
  });
}
