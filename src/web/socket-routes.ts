import { runInBackground } from '../background.ts';
import { HttpError } from './http-error.ts';
import type { RequestHead } from './http.ts';
import type { SocketData } from './hub.ts';
import type { ServedApp } from './listener.ts';
import type { Routes } from './router.ts';
import type { Server } from './server.ts';
import { socketPath, type OpenSocket, type SocketEndpoint } from './socket-endpoint.ts';
import type { Upgrades } from './upgrades.ts';
import type { HttpRequest, HttpResponse, SocketContext } from './uws.ts';

/** Refuses requests for `/time/tic/` that uWebSockets.js does not recognise as handshakes. */
export function socketRoutes(endpoint: SocketEndpoint): Routes {
  return {
    [socketPath]: {
      any: async (request) => {
        await endpoint.admit(request, () => false);
        throw new HttpError('invalid-handshake', 'The request is not a WebSocket handshake.');
      },
    },
  };
}

export interface SocketHandlers {
  server: Server;
  endpoint: SocketEndpoint;
  upgrades: Upgrades;
}

/** Serves `/time/tic/` on an app, and counts its sockets. */
export function serveSockets(served: ServedApp, handlers: SocketHandlers): void {
  const behavior = handlers.endpoint.behavior();
  served.app.ws<SocketData>(socketPath, {
    ...behavior,
    open: (socket) => {
      served.sockets += 1;
      behavior.open(socket);
    },
    close: (socket, code) => {
      served.sockets -= 1;
      behavior.close(socket, code);
    },
    upgrade: (res, req, context) => upgrade(handlers, res, req, context),
  });
}

/** Answers in the turn of the request if possible: then uWebSockets.js sends the whole response at once. */
function upgrade(handlers: SocketHandlers, res: HttpResponse, req: HttpRequest, context: SocketContext): void {
  const { server, endpoint } = handlers;
  const head = server.read(res, req);
  if (head === null) return;
  try {
    const decision = endpoint.admitNow(head);
    if (decision === null) return upgradeLater(handlers, res, head, context);
    if (decision instanceof HttpError) return server.refuse(res, head, decision);
    const state = { ...decision, address: server.addressOf({ res, head }) };
    res.upgrade<SocketData>({ state }, keyOf(head), '', '', context);
  } catch (error) {
    server.refuse(res, head, error);
  }
}

function upgradeLater(
  { server, endpoint, upgrades }: SocketHandlers,
  res: HttpResponse,
  head: RequestHead,
  context: SocketContext,
): void {
  const exchange = server.begin(res, head);
  const open: OpenSocket = (admitted) => {
    server.end(exchange);
    if (exchange.aborted) return false;
    const state = { ...admitted, address: server.addressOf(exchange) };
    upgrades.upgrade(res, keyOf(head), { state }, context);
    return true;
  };
  runInBackground(
    endpoint.admit(head, open).catch((error: unknown) => server.respond(exchange, Promise.reject(error))),
  );
}

function keyOf({ headers }: RequestHead): string {
  return headers.get('sec-websocket-key') ?? '';
}
