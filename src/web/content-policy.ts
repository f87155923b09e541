const sources = ['script', 'style', 'img', 'font', 'manifest', 'worker'].map((kind) => `${kind}-src 'self'`);

export interface ContentPolicyOptions {
  /** The host of the page, with its port if that is not the default. */
  host?: string;
  /** The origins whose pages may embed this one; none by default. */
  frameAncestors?: readonly string[];
}

/** The value of `Content-Security-Policy`: nothing but the page's own origin, nothing inline. */
export function contentSecurityPolicy({ host, frameAncestors = [] }: ContentPolicyOptions): string {
  // Chromium before 71 and Safari before 16 do not count a WebSocket as 'self'.
  const sockets = host === undefined ? '' : ` ws://${host} wss://${host}`;
  return [
    "default-src 'none'",
    "base-uri 'none'",
    `frame-ancestors ${frameAncestors.join(' ') || "'none'"}`,
    ...sources,
    `connect-src 'self'${sockets}`,
    "form-action 'self'",
  ].join('; ');
}
