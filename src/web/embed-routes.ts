import { pageKinds } from './authenticator.ts';
import { page } from './http.ts';
import { clockPage } from './pages/clock-page.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/**
 * The clock without anything else, for a frame. Signed out, it links to the sign-in form, since a form in a frame is
 * unsafe. If its fragment contains the key of a link, which the server never receives, it shows the clock.
 */
export function embedRoutes({ config, authenticator, shared, screenCookies, assets, build }: WebContext): Routes {
  const signIn = shared === null ? {} : { signIn: '/' };
  return {
    '/embed': {
      frameAncestors: config.frameAncestors,
      GET: async (request) => {
        const session = await authenticator.authenticate(request, { kinds: pageKinds });
        if (session === null)
          return page(
            clockPage({ assets, kind: 'signed-out', account: null, build, query: request.query, ...signIn }),
            401,
          );
        const headers = await screenCookies.renew(request, session);
        return page(clockPage({ assets, kind: 'embed', account: null, build, query: request.query }), 200, headers);
      },
    },
  };
}
