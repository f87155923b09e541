import { page, redirectToSignIn } from './http.ts';
import { clockPage } from './pages/clock-page.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** The page with the clock. */
export function clockRoutes({ authenticator, csrf, assets, build }: WebContext): Routes {
  return {
    '/': {
      GET: async (request) => {
        const session = await authenticator.authenticate(request, { allowBearer: false });
        if (session === null) return redirectToSignIn(request);
        const { token, headers } = csrf.tokenFor(request);
        const account = { name: session.account, csrfToken: token };
        return page(clockPage({ assets, account, build }), 200, headers);
      },
    },
  };
}
