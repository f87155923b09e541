import { runInBackground } from '../background.ts';
import { HttpError } from './http-error.ts';
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
function upgrade(
  { server, endpoint, upgrades }: SocketHandlers,
  res: HttpResponse,
  req: HttpRequest,
  context: SocketContext,
): void {
  const head = server.read(res, req);
  if (head === null) return;
  const key = head.headers.get('sec-websocket-key') ?? '';
  try {
    const decision = endpoint.admitNow(head);
    if (decision instanceof HttpError) return server.refuse(res, head, decision);
    if (decision !== null) {
      const state = { ...decision, address: server.addressOf({ res, head }) };
      return res.upgrade<SocketData>({ state }, key, '', '', context);
    }
  } catch (error) {
    return server.refuse(res, head, error);
  }
  const exchange = server.begin(res, head);
  const open: OpenSocket = (admitted) => {
    server.end(exchange);
    if (exchange.aborted) return false;
    upgrades.upgrade(res, key, { state: { ...admitted, address: server.addressOf(exchange) } }, context);
    return true;
  };
  runInBackground(
    endpoint.admit(head, open).catch((error: unknown) => server.respond(exchange, Promise.reject(error))),
  );
}
