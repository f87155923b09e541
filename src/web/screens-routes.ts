import { page, redirectToSignIn } from './http.ts';
import { expectOperator } from './operators.ts';
import { screensPage } from './pages/screens-page.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** The page on which operators see and control the screens, and manage accounts and tokens. */
export function screensRoutes(context: WebContext): Routes {
  const { authenticator, csrf, assets } = context;
  return {
    '/screens': {
      GET: async (request) => {
        const session = await authenticator.authenticate(request, { kinds: ['session'] });
        if (session === null) return redirectToSignIn(request);
        await expectOperator(context, session);
        const { token, headers } = csrf.tokenFor(request);
        return page(screensPage({ assets, account: session.account, csrfToken: token }), 200, headers);
      },
    },
  };
}
