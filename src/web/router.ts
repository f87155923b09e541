import { HttpError } from './http-error.ts';
import type { Request, Response } from './http.ts';

export type Handler = (request: Request) => Response | Promise<Response>;

export interface Route {
  /** Also answers HEAD; the server omits the body. */
  GET?: Handler;
  POST?: Handler;
  /** Handles every method, instead of the other two. */
  any?: Handler;
  /** The origins whose pages may show this route, including its errors, in a frame. None by default. */
  frameAncestors?: readonly string[];
  /** The origins whose pages may request this route, without cookies (CORS). None by default. */
  pageOrigins?: readonly string[];
}

/** Routes by path. */
export type Routes = Readonly<Record<string, Route>>;

/** The handler for a request. Throws an `HttpError`: 404 for an unknown path, 405 for a wrong method. */
export function findHandler(route: Route | undefined, method: string): Handler {
  if (route === undefined) throw new HttpError('not-found', 'There is no page at this address.');
  const handler = route.any ?? handlerOf(route, method);
  if (handler === undefined) throw methodNotAllowed(route);
  return handler;
}

function handlerOf(route: Route, method: string): Handler | undefined {
  if (method === 'GET' || method === 'HEAD') return route.GET;
  return method === 'POST' ? route.POST : undefined;
}

function methodNotAllowed({ GET, POST }: Route): HttpError {
  const allowed = [...(GET ? ['GET', 'HEAD'] : []), ...(POST ? ['POST'] : [])].join(', ');
  return new HttpError('method-not-allowed', `Method not allowed. Allowed: ${allowed}.`, [['Allow', allowed]]);
}
