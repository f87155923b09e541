import type { StateAnswer } from '../client/connection/state.ts';

/** Why there is no time: a word for programs, and a sentence for people. */
export interface Problem {
  reason: 'refused' | 'no-network' | 'no-answer' | 'certificate' | 'not-a-clock' | 'unavailable' | 'signed-out';
  words: string;
}

/** What an answer of the server shows to be wrong; null: nothing. */
export function problemOfAnswer({ status, state, isForeign = false }: StateAnswer, origin: string): Problem | null {
  if (state !== null) return null;
  if (isForeign)
    return { reason: 'not-a-clock', words: `${origin} answers with a page or a redirect: it is not a Clock` };
  if (status === 401 || status === 403) {
    return { reason: 'signed-out', words: 'the server does not take this token: issue another' };
  }
  if (status === 429 || status >= 500) {
    return { reason: 'unavailable', words: `${origin} cannot serve the time now (status ${status})` };
  }
  return { reason: 'not-a-clock', words: `${origin} answers like no Clock (status ${status})` };
}

/** What a request that failed shows to be wrong: Node gives a code with the cause. */
export function problemOfError(error: unknown, origin: string): Problem {
  const code = codeOf(error);
  const host = new URL(origin).hostname;
  if (code === 'ECONNREFUSED') {
    return { reason: 'refused', words: `${origin} refuses connections: no server listens on that port` };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return { reason: 'no-network', words: `the host ${host} is not found: check the name and this host's network` };
  }
  if (/^E(?:HOST|NET)(?:UNREACH|DOWN)$|^EADDRNOTAVAIL$/.test(code)) {
    return { reason: 'no-network', words: `${host} cannot be reached from this host (${code})` };
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_|^ERR_TLS_/.test(code)) {
    return { reason: 'certificate', words: `the certificate of ${origin} is not trusted: ${certificateWords(code)}` };
  }
  if (/^ERR_SSL_|^EPROTO$|^HPE_|^UND_ERR_SOCKET$|^ECONNRESET$/.test(code) || error instanceof SyntaxError) {
    return {
      reason: 'not-a-clock',
      words: `${origin} does not answer as a Clock does: check scheme and port (${code})`,
    };
  }
  return { reason: 'no-answer', words: `${origin} does not answer` };
}

function certificateWords(code: string): string {
  if (code === 'CERT_HAS_EXPIRED') return 'it has expired';
  if (code === 'CERT_NOT_YET_VALID') return 'it is not valid yet';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'it is for another host name';
  const kind = code.includes('SELF_SIGNED') ? 'it is self-signed' : 'its issuer is unknown';
  return `${kind}; name the CA's file in NODE_EXTRA_CA_CERTS`;
}

/** The code of an error or of its causes; of several attempts (IPv6 and IPv4) that of the first. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string' && error.code !== 'UND_ERR_CONNECT_TIMEOUT') return error.code;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return codeOf(error.cause);
}
