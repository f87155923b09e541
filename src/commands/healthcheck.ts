import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';
import { formatAuthority } from '../addresses.ts';

const timeoutMs = 3_000;

export interface Probe {
  /** The addresses on which the role may listen; one that answers is enough. */
  hosts: readonly string[];
  port: number;
  path: '/health' | '/ready';
  isSecure: boolean;
}

/** Probes the role on this host. Resolves to null if it answers with 200, else to what is wrong, in one line. */
export async function healthProblem({ hosts, ...probe }: Probe): Promise<string | null> {
  const problems = await Promise.all(hosts.map((host) => problemAt(host, probe)));
  if (problems.includes(null)) return null;
  // Of two address families, one may be refused only because the role does not listen on it.
  return problems.find((problem) => problem?.endsWith(refused) === false) ?? problems[0] ?? null;
}

const refused = 'connection refused';

async function problemAt(host: string, { port, path, isSecure }: Omit<Probe, 'hosts'>): Promise<string | null> {
  const url = `${isSecure ? 'https' : 'http'}://${formatAuthority(host, port)}${path}`;
  try {
    const response = await get(url);
    if (response.statusCode === 200) {
      response.destroy();
      return null;
    }
    return `${url}: status ${response.statusCode}${reasonIn(await text(response))}`;
  } catch (error) {
    return `${url}: ${describe(error as NodeJS.ErrnoException)}`;
  }
}

function get(url: string): Promise<IncomingMessage> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    // The certificate names the public host, not this address.
    const request = url.startsWith('https:')
      ? httpsRequest(url, { signal, rejectUnauthorized: false })
      : httpRequest(url, { signal });
    request.on('response', resolve).on('error', reject).end();
  });
}

/** The reason that `/ready` gives. */
function reasonIn(body: string): string {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown };
    return typeof reason === 'string' ? ` (${reason})` : '';
  } catch {
    return '';
  }
}

function describe({ name, code = '', message }: NodeJS.ErrnoException): string {
  if (name === 'AbortError' || name === 'TimeoutError') return `no answer within ${timeoutMs / 1_000} s`;
  if (code === 'ECONNREFUSED') return refused;
  if (code.startsWith('HPE_')) return 'the answer is not HTTP';
  if (code === 'ECONNRESET') return 'the connection was closed without an answer';
  return message.replaceAll(/\s+/g, ' ');
}
