import { schedule } from '../schedule.ts';

const timeoutMs = 10_000;

/** A request that was refused or not answered. The message is for a person. `status` is 0 if there was no answer. */
export class ApiProblem extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Requests of this page to its server. All reject with `ApiProblem`. */
export class Api {
  readonly #csrfToken: string;

  constructor(csrfToken: string) {
    this.#csrfToken = csrfToken;
  }

  async get<Answer>(path: string): Promise<Answer> {
    return (await request(path, {})) as Answer;
  }

  async post(path: string, body: object): Promise<void> {
    const headers = { 'Content-Type': 'application/json', 'X-CSRFToken': this.#csrfToken };
    await request(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }
}

async function request(path: string, init: RequestInit): Promise<unknown> {
  const abort = new AbortController();
  const cancelTimer = schedule(() => abort.abort(), timeoutMs);
  const options = { credentials: 'same-origin', cache: 'no-store', redirect: 'manual', signal: abort.signal } as const;
  try {
    const response = await fetch(path, { ...init, ...options });
    // A proxy that requires its own sign-in redirects.
    const status = response.type === 'opaqueredirect' ? 401 : response.status;
    const answer: unknown = await response.json().catch(() => null);
    if (status === 200 && answer !== null) return answer;
    throw new ApiProblem(status, detailOf(answer) ?? `The server answered with status ${status}.`);
  } catch (error) {
    if (error instanceof ApiProblem) throw error;
    throw new ApiProblem(0, 'The server does not answer.');
  } finally {
    cancelTimer();
  }
}

/** The sentence of problem details (RFC 9457). */
function detailOf(answer: unknown): string | null {
  const { detail } = (answer ?? {}) as { detail?: unknown };
  return typeof detail === 'string' ? detail : null;
}
