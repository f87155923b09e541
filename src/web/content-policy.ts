export interface ContentPolicyOptions {
  /** The request's Host. Chromium before 71 and Safari before 16 do not count its WebSockets as `'self'`. */
  host?: string;
  /** The origins whose pages may show this one in a frame; none by default. */
  frameAncestors?: readonly string[];
}

const sameOrigin = ['script', 'style', 'img', 'font', 'manifest', 'worker']
  .map((kind) => `${kind}-src 'self'`)
  .join(';');

/** The Content-Security-Policy of pages and the service worker, which contains a copy for the pages it stores. */
export function contentSecurityPolicy({ host, frameAncestors = [] }: ContentPolicyOptions): string {
  const ancestors = frameAncestors.join(' ') || "'none'";
  const sockets = host === undefined ? '' : ` ws://${host} wss://${host}`;
  return `default-src 'none';base-uri 'none';frame-ancestors ${ancestors};${sameOrigin};connect-src 'self'${sockets};form-action 'self'`;
}

/** The Content-Security-Policy of a response that is no page: in it the other directives would have no effect. */
export const loadsNothing = "default-src 'none';base-uri 'none';frame-ancestors 'none'";
