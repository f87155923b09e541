import { request } from '../request.ts';

const timeoutMs = 10_000;

/** The response of `/screen/code`. */
export interface Code {
  code: string;
  secret: string;
  url: string | null;
  qr: { size: number; path: string } | null;
  expiresInMs: number;
  againInMs: number;
}

/** `status` 0: there was no response. */
export interface PairingResponse {
  status: number;
  body: unknown;
  /** How long to wait before the next request, ms. */
  retryAfterMs: number | null;
}

/** The requests of a screen that is not paired yet. None of them rejects. */
export class PairingRequests {
  readonly #page: string;
  #csrfToken: string;

  /** `page`: the address of this page. Without a token the first form requests one. */
  constructor(page: string, csrfToken: string) {
    this.#page = page;
    this.#csrfToken = csrfToken;
  }

  /** Asks whether the browser has a session. */
  session(): Promise<PairingResponse> {
    return this.#send('GET', '/api/initial_state', {});
  }

  code(): Promise<PairingResponse> {
    return this.#post('/screen/code', {});
  }

  collect(secret: string): Promise<PairingResponse> {
    return this.#post('/screen/collect', { secret });
  }

  /** Exchanges the key of a link for a cookie. `replaces`: also if a person is signed in. */
  link(key: string, replaces: boolean): Promise<PairingResponse> {
    const fields = replaces ? { replace: '1' } : {};
    return this.#send('POST', '/screen/link', { Authorization: `Bearer ${key}` }, fields);
  }

  /** Sends a form with the token, which it renews if the server does not accept it any more. */
  async #post(path: string, fields: Record<string, string>): Promise<PairingResponse> {
    if (this.#csrfToken !== '') {
      const answer = await this.#send('POST', path, { 'X-CSRFToken': this.#csrfToken }, fields);
      if (answer.status !== 403) return answer;
    }
    const page = await this.#send('GET', '/screen', {});
    this.#csrfToken = /data-csrf="([^"]+)"/.exec(String(page.body))?.[1] ?? '';
    if (this.#csrfToken === '') return page.status === 200 ? { ...page, status: 0 } : page;
    return this.#send('POST', path, { 'X-CSRFToken': this.#csrfToken }, fields);
  }

  async #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    fields?: Record<string, string>,
  ): Promise<PairingResponse> {
    try {
      const body = fields === undefined ? undefined : new URLSearchParams(fields).toString();
      const type = fields === undefined ? {} : { 'Content-Type': 'application/x-www-form-urlencoded' };
      const options = { method, headers: { ...headers, ...type }, body, timeoutMs };
      return await request(new URL(path, this.#page), readAnswer, options);
    } catch {
      return { status: 0, body: null, retryAfterMs: null };
    }
  }
}

async function readAnswer(response: Response): Promise<PairingResponse> {
  const isJson = /\bjson\b/.test(response.headers.get('Content-Type') ?? '');
  const retryAfterMs = Number(response.headers.get('Retry-After')) * 1_000 || null;
  return { status: response.status, body: await (isJson ? response.json() : response.text()), retryAfterMs };
}
