import { pageKinds } from './authenticator.ts';
import { page } from './http.ts';
import { clockPage } from './pages/clock-page.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** The page with the clock, at `/`. */
export function clockRoutes({ authenticator, screenCookies, csrf, assets, build }: WebContext): Routes {
  return {
    '/': {
      GET: async (request) => {
        const session = await authenticator.authenticate(request, { kinds: pageKinds });
        if (session === null) return screenCookies.redirectSignedOut(request);
        if (session.kind !== 'session') {
          return page(
            clockPage({ assets, kind: 'screen', account: null, build }),
            200,
            await screenCookies.renew(request, session),
          );
        }
        const { token, headers } = csrf.tokenFor(request);
        const account = { name: session.account, csrfToken: token };
        return page(clockPage({ assets, kind: 'person', account, build }), 200, headers);
      },
    },
  };
}
