import { page } from './http.ts';
import { clockPage } from './pages/clock-page.ts';
import { signInFirstPage } from './pages/sign-in-first-page.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** The clock without anything else, for a frame. Signed out, it links to the sign-in form: a form in a frame is unsafe. */
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
