import { ignoreUnavailable } from '../backend/backend.ts';
import { pageKinds } from './authenticator.ts';
import { page } from './http.ts';
import { isOperator } from './operators.ts';
import { clockPage } from './pages/clock-page.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** The page with the clock, at `/`. */
export function clockRoutes(context: WebContext): Routes {
  const { authenticator, shared, screenCookies, csrf, assets, build } = context;
  const signIn = shared === null ? {} : { signIn: '/' };
  return {
    '/': {
      GET: async (request) => {
        const session = await authenticator.authenticate(request, { kinds: pageKinds });
        if (session === null) return screenCookies.redirectSignedOut(request);
        if (session.kind !== 'session') {
          return page(
            clockPage({ assets, kind: 'screen', account: null, build, query: request.query, ...signIn }),
            200,
            await screenCookies.renew(request, session),
          );
        }
        const { token, headers } = csrf.tokenFor(request);
        // The page is shown during an outage, too.
        const operator = await isOperator(context, session).catch(ignoreUnavailable);
        const account = {
          name: session.account,
          isOperator: operator === true,
          hasPassword: session.shared === undefined,
          csrfToken: token,
        };
        return page(
          clockPage({ assets, kind: 'person', account, build, query: request.query, ...signIn }),
          200,
          headers,
        );
      },
    },
  };
}
