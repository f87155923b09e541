import { page } from './http.ts';
import { operatorPage } from './operators.ts';
import { screensPage } from './pages/screens-page.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** The page on which operators see and control the screens, and manage accounts and tokens. */
export function screensRoutes(context: WebContext): Routes {
  const { csrf, assets } = context;
  return {
    '/screens': {
      GET: operatorPage(context, (request, { account }) => {
        const { token, headers } = csrf.tokenFor(request);
        return page(screensPage({ assets, account, csrfToken: token }), 200, headers);
      }),
    },
  };
}
