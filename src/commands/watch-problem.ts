import type { StateResponse } from '../client/connection/state.ts';

/** Why there is no time: a word for programs, and a message for people. */
export interface Problem {
  reason: 'refused' | 'no-network' | 'no-answer' | 'certificate' | 'not-a-clock' | 'unavailable' | 'signed-out';
  message: string;
}

/** Returns the problem that a response indicates; null if it contains the initial state. */
export function problemOfResponse({ status, state, isForeign = false }: StateResponse, origin: string): Problem | null {
  if (state !== null) return null;
  if (isForeign)
    return { reason: 'not-a-clock', message: `${origin} answers with a page or a redirect: it is not a Clock server` };
  if (status === 401 || status === 403) {
    return { reason: 'signed-out', message: "the server refuses this token: issue another with 'clock token issue'" };
  }
  if (status === 429 || status >= 500) {
    return { reason: 'unavailable', message: `${origin} cannot serve the time now (status ${status})` };
  }
  return { reason: 'not-a-clock', message: `${origin} is not a Clock server (status ${status}): check the address` };
}

/** Returns the problem that made a request fail. Node's error contains a code in its cause. */
export function problemOfError(error: unknown, origin: string): Problem {
  const code = codeOf(error);
  const host = new URL(origin).hostname;
  if (code === 'ECONNREFUSED') {
    return { reason: 'refused', message: `${origin} refuses connections: no server listens on that port` };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return { reason: 'no-network', message: `the host ${host} is not found: check the name and this host's network` };
  }
  if (/^E(?:HOST|NET)(?:UNREACH|DOWN)$|^EADDRNOTAVAIL$/.test(code)) {
    return { reason: 'no-network', message: `${host} cannot be reached from this host (${code})` };
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_|^ERR_TLS_/.test(code)) {
    return {
      reason: 'certificate',
      message: `the certificate of ${origin} is not trusted: ${certificateReason(code)}`,
    };
  }
  // A server that stops does this too, not only one that expects another scheme.
  if (/^UND_ERR_SOCKET$|^ECONNRESET$|^EPIPE$/.test(code)) {
    return {
      reason: 'no-answer',
      message: `${origin} closes connections without an answer (${code}): if this continues, check scheme and port`,
    };
  }
  if (/^ERR_SSL_|^EPROTO$|^HPE_/.test(code) || error instanceof SyntaxError) {
    return {
      reason: 'not-a-clock',
      message: `${origin} does not answer like a Clock server: check scheme and port${code && ` (${code})`}`,
    };
  }
  return { reason: 'no-answer', message: `${origin} does not answer` };
}

function certificateReason(code: string): string {
  if (code === 'CERT_HAS_EXPIRED') return 'it has expired';
  if (code === 'CERT_NOT_YET_VALID') return 'it is not valid yet';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'it is for another host name';
  const kind = code.includes('SELF_SIGNED') ? 'it is self-signed' : 'its issuer is unknown';
  return `${kind}; set NODE_EXTRA_CA_CERTS to the file of its CA`;
}

/** The code of an error or of its cause. If several addresses were tried (IPv6 and IPv4), that of the first. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string' && error.code !== 'UND_ERR_CONNECT_TIMEOUT') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}
