import { networkOf } from '../addresses.ts';
import { accountId } from '../auth/accounts.ts';
import type { Attempt } from '../auth/attempts.ts';
import { passwordProblem, TooBusy } from '../auth/passwords.ts';
import type { Session } from '../auth/session.ts';
import { ignoreUnavailable, Unavailable } from '../backend/backend.ts';
import { pageKinds } from './authenticator.ts';
import { HttpError, tooManyAttempts } from './http-error.ts';
import { field, redirect, secretPage, type Request, type RequestHead, type Response } from './http.ts';
import { passwordPage } from './pages/password-page.ts';
import { signInPage, type OtherSignIn } from './pages/sign-in-page.ts';
import { endReplaced } from './replaced-sessions.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** Signing in, signing out and changing one's own password. Paths and field names are Django's. */
export function accountRoutes(context: WebContext): Routes {
  const { config, authenticator, shared, signInRedirect, accounts, cookies, screenCookies, csrf, assets, log } =
    context;

  const otherSignIn = (request: RequestHead, next: string): OtherSignIn | null =>
    shared === null ? null : { signIn: signInRedirect.addressFor(request, next), signOut: config.ssoSignOut ?? null };

  const signInForm = (request: RequestHead, next: string, username = '', message?: string): Response => {
    const { token, headers } = csrf.tokenFor(request);
    return secretPage(
      signInPage({ assets, csrfToken: token, next, username, message, other: otherSignIn(request, next) }),
      200,
      headers,
    );
  };

  const signIn = async (request: Request): Promise<Response> => {
    csrf.check(request);
    const username = field(request.body, 'username');
    const next = sameSitePath(field(request.body, 'next'));
    const replacedSession = await authenticator.authenticate(request, { kinds: pageKinds, ownOnly: true });
    const attempt = await beginAttempt(context, username, request);
    const account = await withdrawIfUnchecked(attempt, accounts.check(username, field(request.body, 'password')));
    const session = account === null ? null : await accounts.signIn(account, replacedSession);
    if (session === null) {
      log.info({ address: request.address }, 'sign-in failed');
      return signInForm(request, next, username, 'The name or the password is wrong.');
    }
    if (replacedSession?.kind === 'screen') await endReplaced(context, replacedSession);
    await attempt.succeed();
    log.info({ account: session.account, address: request.address }, 'signed in');
    return redirect(next, [cookies.setSession(request, session.credential)]);
  };

  const signOut = async (request: Request): Promise<Response> => {
    checkForm(request);
    // A refused credential has no session, so there is none to end.
    const session = await authenticator.authenticate(request, { kinds: pageKinds }).catch(nullIfRefused);
    if (session !== null) {
      await endReplaced(context, session);
      log.info(
        session.kind === 'session' ? { account: session.account } : { [session.kind]: session.recordId },
        'signed out',
      );
    }
    return redirect('/accounts/login/', [cookies.clearSession(request)]);
  };

  /** A browser sends a proxy's or a gateway's header by itself, like a cookie. */
  const checkForm = (request: Request): void => {
    if (request.headers.has('cookie') || shared?.isIn(request) === true) csrf.check(request);
  };

  /** Answers a person who has a password here. */
  const withPassword = async (
    request: Request,
    answer: (request: Request, session: Session) => Response | Promise<Response>,
  ): Promise<Response> => {
    const session = await authenticator.authenticate(request, { kinds: ['session'] });
    if (session === null) return screenCookies.redirectSignedOut(request);
    const account = await accounts.get(session.account);
    if (account?.sso !== undefined) throw new HttpError('not-found', 'There is no page at this address.');
    return answer(request, session);
  };

  const passwordForm = (request: RequestHead, session: Session, message?: string): Response => {
    const { token, headers } = csrf.tokenFor(request);
    return secretPage(passwordPage({ assets, csrfToken: token, account: session.account, message }), 200, headers);
  };

  const changePassword = async (request: Request, session: Session): Promise<Response> => {
    const password = field(request.body, 'new_password1');
    if (password !== field(request.body, 'new_password2')) {
      return passwordForm(request, session, 'The two new passwords differ.');
    }
    const problem = passwordProblem(password, session.account);
    if (problem !== null) return passwordForm(request, session, `The password ${problem}.`);
    const attempt = await beginAttempt(context, session.account, request);
    const oldPassword = field(request.body, 'old_password');
    const account = await withdrawIfUnchecked(attempt, accounts.check(session.account, oldPassword));
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
        const options = { kinds: ['session'], ignoresOthers: true, ownOnly: true } as const;
        const session = await authenticator.authenticate(request, options).catch(ignoreUnavailable);
        return session == null ? signInForm(request, next) : redirect(next);
      },
      POST: signIn,
    },
    '/accounts/logout/': { POST: signOut },
    '/accounts/password_change/': {
      GET: (request) => withPassword(request, passwordForm),
      POST: (request) => {
        checkForm(request);
        return withPassword(request, changePassword);
      },
    },
  };
}

/** Counts an attempt before the password is checked. Throws a 429 above a limit. */
async function beginAttempt({ attempts }: WebContext, username: string, request: Request): Promise<Attempt> {
  const attempt = await attempts.begin(username, networkOf(request.address));
  if (typeof attempt !== 'number') return attempt;
  throw tooManyAttempts(attempt);
}

/** Waits for a password check. Withdraws the attempt if the password could not be checked. */
async function withdrawIfUnchecked<T>(attempt: Attempt, check: Promise<T>): Promise<T> {
  try {
    return await check;
  } catch (error) {
    if (error instanceof TooBusy || error instanceof Unavailable) await attempt.withdraw().catch(ignoreUnavailable);
    throw error;
  }
}

/** The path, query and fragment of a URL on this site, as a browser resolves it; `/` for any other text. */
export function sameSitePath(text: string): string {
  const site = 'http://this.site';
  // eslint-disable-next-line no-control-regex -- browsers remove tabs and line breaks from URLs
  if (!text.startsWith('/') || /[\u0000-\u001f\\]/.test(text) || !URL.canParse(text, site)) return '/';
  const url = new URL(text, site);
  return url.origin === site && !url.pathname.startsWith('//') ? url.pathname + url.search + url.hash : '/';
}

function nullIfRefused(error: unknown): null {
  if (error instanceof HttpError && error.kind === 'sign-in-refused') return null;
  throw error;
}
