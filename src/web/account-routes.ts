import { networkOf } from '../addresses.ts';
import { accountId } from '../auth/accounts.ts';
import type { Attempt } from '../auth/attempts.ts';
import { passwordProblem, TooBusy } from '../auth/passwords.ts';
import type { Session } from '../auth/session.ts';
import { Unavailable } from '../backend/backend.ts';
import { HttpError } from './http-error.ts';
import {
  field,
  redirect,
  redirectToSignIn,
  secretPage,
  type Request,
  type RequestHead,
  type Response,
} from './http.ts';
import { passwordPage } from './pages/password-page.ts';
import { signInPage } from './pages/sign-in-page.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** Signing in, signing out and changing one's own password. Paths and field names are Django's. */
export function accountRoutes(context: WebContext): Routes {
  const { authenticator, accounts, sessions, cookies, csrf, assets, log } = context;

  const authenticate = (request: RequestHead): Promise<Session | null> =>
    authenticator.authenticate(request, { allowBearer: false });

  const signInForm = (request: RequestHead, next: string, username = '', message?: string): Response => {
    const { token, headers } = csrf.tokenFor(request);
    return secretPage(signInPage({ assets, csrfToken: token, next, username, message }), 200, headers);
  };

  const signIn = async (request: Request): Promise<Response> => {
    csrf.check(request);
    const username = field(request.body, 'username');
    const next = sameSitePath(field(request.body, 'next'));
    const replaced = await authenticate(request);
    const attempt = await beginAttempt(context, username, request);
    const account = await judged(attempt, accounts.check(username, field(request.body, 'password')));
    const session = account === null ? null : await accounts.signIn(account, replaced);
    if (session === null) {
      log.info({ address: request.address }, 'sign-in failed');
      return signInForm(request, next, username, 'The name or the password is wrong.');
    }
    await attempt.succeed();
    log.info({ account: session.account, address: request.address }, 'signed in');
    return redirect(next, [cookies.setSession(request, session.credential)]);
  };

  const signOut = async (request: Request): Promise<Response> => {
    if (request.headers.has('cookie')) csrf.check(request);
    const session = await authenticate(request);
    if (session !== null) {
      await sessions.end('session', [session]);
      log.info({ account: session.account }, 'signed out');
    }
    return redirect('/accounts/login/', [cookies.clearSession(request)]);
  };

  const passwordForm = (request: RequestHead, session: Session, message?: string): Response => {
    const { token, headers } = csrf.tokenFor(request);
    return secretPage(passwordPage({ assets, csrfToken: token, account: session.account, message }), 200, headers);
  };

  const changePassword = async (request: Request, session: Session): Promise<Response> => {
    const password = field(request.body, 'new_password1');
    const problem =
      password === field(request.body, 'new_password2')
        ? passwordProblem(password, session.account)
        : 'The two new passwords differ.';
    if (problem !== null) return passwordForm(request, session, problem);
    const attempt = await beginAttempt(context, session.account, request);
    const account = await judged(attempt, accounts.check(session.account, field(request.body, 'old_password')));
    if (account === null) return passwordForm(request, session, 'The current password is wrong.');
    await attempt.succeed();
    await accounts.setPassword(account.name, password, session);
    log.info({ account: accountId(account.name) }, 'password changed');
    return redirect('/');
  };

  return {
    '/accounts/login/': {
      GET: async (request) => {
        const next = sameSitePath(field(request.query, 'next'));
        // The form is shown during an outage, too.
        const session = await authenticate(request).catch(nullIfUnavailable);
        return session === null ? signInForm(request, next) : redirect(next);
      },
      POST: signIn,
    },
    '/accounts/logout/': { POST: signOut },
    '/accounts/password_change/': {
      GET: async (request) => {
        const session = await authenticate(request);
        return session === null ? redirectToSignIn(request) : passwordForm(request, session);
      },
      POST: async (request) => {
        if (request.headers.has('cookie')) csrf.check(request);
        const session = await authenticate(request);
        return session === null ? redirectToSignIn(request) : changePassword(request, session);
      },
    },
  };
}

/** Throws a 429 beyond a limit. */
async function beginAttempt({ attempts }: WebContext, username: string, request: Request): Promise<Attempt> {
  const attempt = await attempts.begin(username, networkOf(request.address));
  if (typeof attempt !== 'number') return attempt;
  const seconds = Math.max(1, Math.ceil(attempt / 1_000));
  const wait = seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  const headers = [['Retry-After', String(seconds)]] as const;
  throw new HttpError('too-many-attempts', `Too many failed attempts. Try again in ${wait}.`, headers);
}

/** Withdraws the attempt if the password could not be checked. */
async function judged<T>(attempt: Attempt, check: Promise<T>): Promise<T> {
  try {
    return await check;
  } catch (error) {
    if (error instanceof TooBusy || error instanceof Unavailable) await attempt.withdraw().catch(nullIfUnavailable);
    throw error;
  }
}

/** A path of this site with its query, as a browser resolves it; `/` for any other text. */
export function sameSitePath(text: string): string {
  const site = 'http://this.site';
  // eslint-disable-next-line no-control-regex -- browsers drop tabs and line ends inside of URLs
  if (!text.startsWith('/') || /[\u0000-\u001f\\]/.test(text) || !URL.canParse(text, site)) return '/';
  const url = new URL(text, site);
  return url.origin === site && !url.pathname.startsWith('//') ? url.pathname + url.search + url.hash : '/';
}

function nullIfUnavailable(error: unknown): null {
  if (error instanceof Unavailable) return null;
  throw error;
}
