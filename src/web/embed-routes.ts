import { page } from './http.ts';
import { clockPage } from './pages/clock-page.ts';
import { signInFirstPage } from './pages/sign-in-first-page.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** The clock alone, for a frame. Signed out, it only links to the sign-in form: a framed form invites clickjacking. */
export function embedRoutes({ config, authenticator, assets, build }: WebContext): Routes {
  return {
    '/embed': {
      frameAncestors: config.frameAncestors,
      GET: async (request) => {
        const session = await authenticator.authenticate(request, { allowBearer: false });
        return session === null
          ? page(signInFirstPage(assets), 401)
          : page(clockPage({ assets, account: null, build }));
      },
    },
  };
}
