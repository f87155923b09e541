import { networkOf } from '../addresses.ts';
import { accountId, type Accounts } from '../auth/accounts.ts';
import type { Attempt, Attempts } from '../auth/attempts.ts';
import { passwordProblem, TooBusy } from '../auth/passwords.ts';
import type { Session } from '../auth/session.ts';
import type { Sessions } from '../auth/sessions.ts';
import { Unavailable } from '../backend/backend.ts';
import type { Logger } from '../logger.ts';
import type { AssetUrls } from './assets.ts';
import { clearSessionCookie, setSessionCookie } from './cookies.ts';
import { checkCsrf, csrfToken } from './csrf.ts';
import { page, toSignIn } from './clock-routes.ts';
import { field, HttpError, redirect, type RequestHead, type Request, type Response } from './http.ts';
import type { Authenticator } from './authenticator.ts';
import { passwordPage } from './pages/password-page.ts';
import { signInPage } from './pages/sign-in-page.ts';
import type { Routes } from './router.ts';

export interface AccountRoutesOptions {
  authenticator: Authenticator;
  accounts: Accounts;
  sessions: Sessions;
  attempts: Attempts;
  allowedOrigins: readonly string[];
  assets: AssetUrls;
  log: Logger;
}

/** Signing in and out, and changing one's own password: Django's paths and field names. */
export function accountRoutes(options: AccountRoutesOptions): Routes {
  const { authenticator, accounts, sessions, attempts, allowedOrigins, assets, log } = options;

  const signInForm = (request: RequestHead, next: string, username = '', message?: string): Response => {
    const { token, headers } = csrfToken(request);
    return page(signInPage({ assets, csrfToken: token, next, username, message }), headers);
  };

  const signIn = async (request: Request): Promise<Response> => {
    checkCsrf(request, allowedOrigins);
    const username = field(request.body, 'username');
    const next = sameSitePath(field(request.body, 'next'));
    const attempt = await beginAttempt(attempts, username, request);
    const account = await judged(attempt, accounts.check(username, field(request.body, 'password')));
    const session = account === null ? null : await accounts.signIn(account);
    if (session === null) {
      log.info({ address: request.address }, 'sign-in failed');
      return signInForm(request, next, username, 'The name or the password is not right.');
    }
    await attempt.succeed();
    log.info({ account: session.account, address: request.address }, 'signed in');
    return redirect(next, [setSessionCookie(request, session.credential)]);
  };

  const signOut = async (request: Request): Promise<Response> => {
    if (request.headers.has('cookie')) checkCsrf(request, allowedOrigins);
    const session = await authenticator.authenticate(request, { allowBearer: false });
    if (session !== null) {
      await sessions.end('session', [session]);
      log.info({ account: session.account }, 'signed out');
    }
    return redirect('/accounts/login/', [clearSessionCookie(request)]);
  };

  const passwordForm = (request: RequestHead, session: Session, message?: string): Response => {
    const { token, headers } = csrfToken(request);
    return page(passwordPage({ assets, csrfToken: token, account: session.account, message }), headers);
  };

  const changePassword = async (request: Request, session: Session): Promise<Response> => {
    const password = field(request.body, 'new_password1');
    const problem =
      password === field(request.body, 'new_password2')
        ? passwordProblem(password, session.account)
        : 'The two new passwords are not the same.';
    if (problem !== null) return passwordForm(request, session, problem);
    const attempt = await beginAttempt(attempts, session.account, request);
    const account = await judged(attempt, accounts.check(session.account, field(request.body, 'old_password')));
    if (account === null) return passwordForm(request, session, 'The present password is not right.');
    await attempt.succeed();
    await accounts.setPassword(account.name, password, session);
    log.info({ account: accountId(account.name) }, 'password changed');
    return redirect('/');
  };

  return {
    '/accounts/login/': {
      GET: async (request) => {
        const next = sameSitePath(field(request.query, 'next'));
        const session = await authenticator.authenticate(request, { allowBearer: false }).catch(nobodyWhileAway);
        return session === null ? signInForm(request, next) : redirect(next);
      },
      POST: signIn,
    },
    '/accounts/logout/': { POST: signOut },
    '/accounts/password_change/': {
      GET: async (request) => {
        const session = await authenticator.authenticate(request, { allowBearer: false });
        return session === null ? toSignIn(request) : passwordForm(request, session);
      },
      POST: async (request) => {
        if (request.headers.has('cookie')) checkCsrf(request, allowedOrigins);
        const session = await authenticator.authenticate(request, { allowBearer: false });
        return session === null ? toSignIn(request) : changePassword(request, session);
      },
    },
  };
}

/** Throws 429 beyond a limit. */
async function beginAttempt(attempts: Attempts, username: string, request: Request): Promise<Attempt> {
  const attempt = await attempts.begin(username, networkOf(request.address));
  if (typeof attempt !== 'number') return attempt;
  const seconds = Math.max(1, Math.ceil(attempt / 1_000));
  const wait = `Too many wrong tries. Try again in ${seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`}.`;
  throw new HttpError(429, wait, [['Retry-After', String(seconds)]]);
}

/** A check that could not be made was no wrong try. */
async function judged<T>(attempt: Attempt, check: Promise<T>): Promise<T> {
  try {
    return await check;
  } catch (error) {
    if (error instanceof TooBusy || error instanceof Unavailable) await attempt.withdraw().catch(nobodyWhileAway);
    throw error;
  }
}

/** A path of this site, with its query, as a browser would ask for it; `/` for any other text. */
export function sameSitePath(text: string): string {
  const here = 'http://this.site';
  // eslint-disable-next-line no-control-regex -- browsers drop tabs and line ends inside of URLs
  if (!text.startsWith('/') || /[\u0000-\u001f\\]/.test(text) || !URL.canParse(text, here)) return '/';
  const url = new URL(text, here);
  return url.origin === here && !url.pathname.startsWith('//') ? url.pathname + url.search + url.hash : '/';
}

function nobodyWhileAway(error: unknown): null {
  if (error instanceof Unavailable) return null;
  throw error;
}
