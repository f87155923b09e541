import type { Session } from '../auth/session.ts';
import { HttpError, signedOut } from './http-error.ts';
import type { Request, RequestHead, Response } from './http.ts';
import type { Handler } from './router.ts';
import type { WebContext } from './web-context.ts';

/** Whether it is the session of an operator in a browser. Tokens have none of the rights of an operator. */
export async function isOperator({ accounts }: Pick<WebContext, 'accounts'>, session: Session): Promise<boolean> {
  if (session.kind !== 'session') return false;
  if (session.shared?.isOperator === true) return true;
  const account = await accounts.get(session.account);
  return account?.operator === true;
}

/** The session of an operator. Throws a 401 for a request that is signed out, and a 403 for any other session. */
export async function operatorSession(
  context: Pick<WebContext, 'accounts' | 'authenticator'>,
  request: RequestHead,
): Promise<Session> {
  const session = await context.authenticator.authenticate(request, { kinds: ['session'] });
  if (session === null) throw signedOut;
  return expectOperator(context, session);
}

/** The handler of a page for operators. Redirects a browser that is signed out; throws a 403 for any other session. */
export function operatorPage(
  context: Pick<WebContext, 'accounts' | 'authenticator' | 'screenCookies'>,
  handle: (request: Request, session: Session) => Response | Promise<Response>,
): Handler {
  return async (request) => {
    const session = await context.authenticator.authenticate(request, { kinds: ['session'] });
    if (session === null) return context.screenCookies.redirectSignedOut(request);
    return handle(request, await expectOperator(context, session));
  };
}

export async function expectOperator(context: Pick<WebContext, 'accounts'>, session: Session): Promise<Session> {
  if (await isOperator(context, session)) return session;
  throw new HttpError(
    'forbidden',
    'Only operators may do this. On the host, clock user operator NAME makes an account an operator.',
  );
}
