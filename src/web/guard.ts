import { HttpError, type RequestHead } from './http.ts';
import type { Proxies } from './proxies.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

const headBytesAtMost = 16 * 1024;
const fieldsAtMost = 100;
export const bodyBytesAtMost = 16 * 1024;

/** Of these, a second one makes a request mean two things: who reads the first and who the last would disagree. */
const singular = new Set(['host', 'content-length', 'transfer-encoding', 'authorization', 'origin', 'upgrade']);
const joinedByComma = ', ';
/** A name or an address, and a port (RFC 9112, 3.2): anything else could be read as another host by somebody else. */
const hostPattern = /^(?:[\w.~%-]+|\[[\dA-Fa-f:.]+\])(?::\d{0,5})?$/;

/**
 * Copies a request's head, refusing what uWebSockets.js lets through and we do not. Every request passes here first,
 * those for a socket too. Throws an `HttpError`; its head comes along, since the form of the refusal depends on it.
 */
export function readHead(req: HttpRequest, res: HttpResponse, proxies: Proxies): RequestHead {
  const headers = new Map<string, string>();
  let fields = 0;
  let bytes = 0;
  let repeated: string | undefined;
  req.forEach((name, value) => {
    fields += 1;
    bytes += name.length + value.length + 4;
    const earlier = headers.get(name);
    if (earlier !== undefined && (singular.has(name) || name.startsWith('sec-websocket-'))) repeated = name;
    headers.set(name, earlier === undefined ? value : `${earlier}${name === 'cookie' ? '; ' : joinedByComma}${value}`);
  });
  const head: RequestHead = {
    method: req.getCaseSensitiveMethod(),
    path: req.getUrl(),
    // Undefined where there is no question mark, whatever its typing says.
    query: (req.getQuery() as string | undefined) ?? '',
    headers,
    secure: proxies.trustsAny ? proxies.clientOf(peerOf(res), headers).secure : proxies.directIsSecure,
  };
  if (fields > fieldsAtMost || bytes > headBytesAtMost) {
    throw new RefusedRequest(head, 431, 'The headers of this request are too large.');
  }
  if (repeated !== undefined) throw new RefusedRequest(head, 400, `The header ${repeated} is repeated.`);
  if (head.method === '') throw new RefusedRequest(head, 400, 'This request has no method.');
  if (!head.path.startsWith('/')) throw new RefusedRequest(head, 400, 'The target of this request is no path.');
  if (!hostPattern.test(headers.get('host') ?? ''))
    throw new RefusedRequest(head, 400, 'The header Host names no host.');
  checkBodyHeaders(head);
  return head;
}

/** The other side of the connection. To be asked for while the response is alive, and only where it is needed: it costs. */
export function peerOf(res: HttpResponse): string {
  return Buffer.from(res.getRemoteAddressAsText()).toString('latin1');
}

function checkBodyHeaders(head: RequestHead): void {
  if (head.headers.has('transfer-encoding')) throw new RefusedRequest(head, 411, 'A body needs a Content-Length.');
  const length = head.headers.get('content-length');
  if (length === undefined) return;
  if (!/^\d{1,15}$/.test(length)) throw new RefusedRequest(head, 400, 'The Content-Length is no number.');
  if (Number(length) > bodyBytesAtMost) throw new RefusedRequest(head, 413, 'The body of this request is too large.');
}

/** A refusal after which the connection ends: what follows on it could be taken for something else. */
export class RefusedRequest extends HttpError {
  readonly head: RequestHead;

  constructor(head: RequestHead, status: number, message: string) {
    super(status, message, [], { close: true });
    this.head = head;
  }
}
