import { page, type ClockRoutesOptions } from './clock-routes.ts';
import { clockPage } from './pages/clock-page.ts';
import { signInFirstPage } from './pages/sign-in-first-page.ts';
import type { Routes } from './router.ts';

export const embedPath = '/embed';

export interface EmbedOptions extends ClockRoutesOptions {
  /** The origins whose pages may hold the clock in a frame. */
  frameAncestors: readonly string[];
}

/** The clock alone, for a frame in somebody's page. Who is signed out is told so: a form in a frame is a trap. */
export function embedRoutes({ authenticator, assets, build, frameAncestors }: EmbedOptions): Routes {
  return {
    [embedPath]: {
      GET: async (request) => {
        const session = await authenticator.authenticate(request, { allowBearer: false });
        if (session === null) return { ...page(signInFirstPage(assets)), status: 401, frameAncestors };
        return { ...page(clockPage({ assets, account: null, build })), frameAncestors };
      },
    },
  };
}
