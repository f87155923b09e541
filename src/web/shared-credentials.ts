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
  /** The name of the header with the name of a user. */
  userHeader: string | undefined;
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
  readonly #userHeader: string | undefined;

  constructor({ signIn, cookie, header, userHeader }: SharedCredentialsOptions) {
    this.signIn = signIn;
    this.#cookie = cookie;
    this.#header = header;
    this.#userHeader = userHeader;
  }

  /** Whether a browser may have sent one of them by itself. */
  isIn(head: RequestHead): boolean {
    return this.#credentialsIn(head).length > 0;
  }

  /** Verifies them in their order of precedence, each only when it is asked for. */
  async *verify(head: RequestHead): AsyncGenerator<SharedCredential> {
    for (const { text, place } of this.#credentialsIn(head)) {
      yield { session: await this.#verify(text, place), place };
    }
  }

  async verifyBearer(token: string): Promise<SharedCredential> {
    return { session: await this.signIn.verifyToken(token, 'bearer'), place: 'bearer' };
  }

  /** `text` is null if there are several of them: a proxy and Clock could read different ones. */
  #credentialsIn(head: RequestHead): { text: string | null; place: CredentialPlace }[] {
    const [cookie = '', ...others] = this.#cookie === undefined ? [] : valuesOf(head, this.#cookie);
    const found = [
      { text: headerIn(head, this.#header), place: 'header' as const },
      { text: headerIn(head, this.#userHeader), place: 'user-header' as const },
      { text: others.length > 0 ? null : cookie, place: 'cookie' as const },
    ];
    return found.filter(({ text }) => text !== '');
  }

  async #verify(text: string | null, place: CredentialPlace): Promise<Session | Refusal> {
    if (text === null) return this.signIn.refuse({ reason: 'repeated' }, place);
    return place === 'user-header' ? this.signIn.verifyUser(text) : this.signIn.verifyToken(text, place);
  }
}

/** Empty without the header; null if it is repeated. Neither a JWT nor a name contains the comma that joins the values. */
function headerIn({ headers }: RequestHead, name: string | undefined): string | null {
  const text = name === undefined ? '' : (headers.get(name)?.trim() ?? '');
  return text.includes(',') ? null : text;
}
