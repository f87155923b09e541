import type { CredentialPlace } from '../auth/sso/refusal-log.ts';
import type { Refusal } from '../auth/sso/refusals.ts';
import type { SharedSignIn } from '../auth/sso/shared-sign-in.ts';
import type { Session } from '../auth/session.ts';
import { valuesOf } from './cookies.ts';
import type { RequestHead } from './http.ts';

export interface SharedCredentialsOptions {
  signIn: SharedSignIn;
  /** The names of the cookie and of the header with a token. */
  cookie: string | undefined;
  header: string | undefined;
}

/** A session of another application's credential, or why it is refused, and where it was found. */
export interface SharedCredential {
  session: Session | Refusal;
  place: CredentialPlace;
}

/** Reads the credentials of another application from requests. */
export class SharedCredentials {
  readonly signIn: SharedSignIn;
  readonly #cookie: string | undefined;
  readonly #header: string | undefined;

  constructor({ signIn, cookie, header }: SharedCredentialsOptions) {
    this.signIn = signIn;
    this.#cookie = cookie;
    this.#header = header;
  }

  /** Whether a browser may have sent one of them by itself. */
  isIn(head: RequestHead): boolean {
    return this.#tokensIn(head).length > 0;
  }

  /** Verifies them in their order of precedence, each only when it is asked for. */
  async *verify(head: RequestHead): AsyncGenerator<SharedCredential> {
    for (const { token, place } of this.#tokensIn(head)) {
      yield { session: await this.#verify(token, place), place };
    }
  }

  async verifyBearer(token: string): Promise<SharedCredential> {
    return { session: await this.signIn.verifyToken(token, 'bearer'), place: 'bearer' };
  }

  /** `token` is null if there are several of them: a proxy and Clock could read different ones. */
  #tokensIn(head: RequestHead): { token: string | null; place: CredentialPlace }[] {
    const header = this.#header === undefined ? '' : (head.headers.get(this.#header)?.trim() ?? '');
    const [cookie = '', ...others] = this.#cookie === undefined ? [] : valuesOf(head, this.#cookie);
    const found = [
      // A JWT contains no comma, so a comma joins the values of a repeated header.
      { token: header.includes(',') ? null : header, place: 'header' as const },
      { token: others.length > 0 ? null : cookie, place: 'cookie' as const },
    ];
    return found.filter(({ token }) => token !== '');
  }

  async #verify(token: string | null, place: CredentialPlace): Promise<Session | Refusal> {
    if (token === null) return this.signIn.refuse({ reason: 'repeated' }, place);
    return this.signIn.verifyToken(token, place);
  }
}
