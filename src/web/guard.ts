import { formatAddress } from '../addresses.ts';
import { HttpError, type ErrorKind } from './http-error.ts';
import type { RequestHead } from './http.ts';
import type { Proxies } from './proxies.ts';
import type { HttpRequest, HttpResponse } from './uws.ts';

const maxHeadBytes = 16 * 1024;
const maxFields = 100;
const maxBodyBytes = 16 * 1024;

/** A request that repeats one of these is ambiguous: a proxy may use the first value, and a server the last. */
const singletons = new Set(['host', 'content-length', 'transfer-encoding', 'authorization', 'origin', 'upgrade']);
/** A host name or IP address and a port (RFC 9112, section 3.2). A proxy could read anything else as another host. */
const hostPattern = /^(?:[\w.~%-]+|\[[\dA-Fa-f:.]+\])(?::\d{0,5})?$/;

/**
 * Copies the head of a request and refuses what uWebSockets.js accepts although HTTP forbids it. Called for every
 * request, handshakes included. Throws `RefusedRequest`.
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
    if (earlier !== undefined && (singletons.has(name) || name.startsWith('sec-websocket-'))) repeated = name;
    headers.set(name, earlier === undefined ? value : `${earlier}${name === 'cookie' ? '; ' : ', '}${value}`);
  });
  proxies.dropForgedUser(headers, () => peerOf(res));
  const head: RequestHead = {
    method: req.getCaseSensitiveMethod(),
    path: req.getUrl(),
    // Undefined without a question mark, although its type says otherwise.
    query: (req.getQuery() as string | undefined) ?? '',
    headers,
    secure: proxies.trustsAny ? proxies.clientOf(peerOf(res), headers).secure : proxies.directIsSecure,
  };
  if (fields > maxFields || bytes > maxHeadBytes) {
    throw new RefusedRequest(head, 'headers-too-large', 'The headers of the request are too large.');
  }
  if (repeated !== undefined) throw invalid(head, `The request contains the header ${repeated} more than once.`);
  if (head.method === '') throw invalid(head, 'The request has no method.');
  if (!head.path.startsWith('/')) throw invalid(head, 'The request target does not start with "/".');
  if (!isHost(headers.get('host'))) throw invalid(head, 'The Host header is missing or invalid.');
  checkBodyHeaders(head);
  return head;
}

/** The IP address of the peer in its canonical form. Available only while the response is alive. */
export function peerOf(res: HttpResponse): string {
  return formatAddress(new Uint8Array(res.getRemoteAddress()));
}

export function isHost(text: string | undefined): text is string {
  return text !== undefined && hostPattern.test(text);
}

function checkBodyHeaders(head: RequestHead): void {
  if (head.headers.has('transfer-encoding')) {
    throw new RefusedRequest(
      head,
      'length-required',
      'The length of a body must be given in Content-Length, not by Transfer-Encoding.',
    );
  }
  const length = head.headers.get('content-length');
  if (length === undefined) return;
  if (!/^\d{1,15}$/.test(length)) throw invalid(head, 'The Content-Length header is not a number.');
  if (Number(length) > maxBodyBytes) {
    throw new RefusedRequest(head, 'content-too-large', 'The body of the request is too large.');
  }
}

function invalid(head: RequestHead, message: string): RefusedRequest {
  return new RefusedRequest(head, 'invalid-request', message);
}

/**
 * A request whose end is ambiguous or not worth waiting for. The connection is closed after the response, so that no
 * byte that follows is read as another request (request smuggling).
 */
export class RefusedRequest extends HttpError {
  readonly head: RequestHead;

  constructor(head: RequestHead, kind: ErrorKind, message: string) {
    super(kind, message);
    this.head = head;
  }
}
