import { HttpError, type Request, type Response } from './http.ts';

export type Handler = (request: Request) => Response | Promise<Response>;

/** The handlers of a path, by method. HEAD is answered like GET, without the body. `any` leaves nothing to the rest. */
export type Route = Partial<Record<'GET' | 'POST' | 'any', Handler>>;
export type Routes = Readonly<Record<string, Route>>;

/** Finds the handler of a request; throws an `HttpError` 404 for an unknown path, 405 for a wrong method. */
export function findHandler(routes: ReadonlyMap<string, Route>, method: string, path: string): Handler {
  const route = routes.get(path);
  if (route === undefined) throw new HttpError(404, 'There is nothing at this address.');
  const handler =
    route.any ?? (method === 'HEAD' ? route.GET : method === 'GET' || method === 'POST' ? route[method] : undefined);
  if (handler === undefined) throw methodNotAllowed(route);
  return handler;
}

function methodNotAllowed(route: Route): HttpError {
  const allowed = Object.keys(route).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return new HttpError(405, 'This address is not for that.', [['Allow', allowed.join(', ')]]);
}
