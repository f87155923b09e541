import type { AssetUrls } from './assets.ts';
import { csrfToken } from './csrf.ts';
import { redirect, type RequestHead, type Response } from './http.ts';
import type { Html } from './html.ts';
import type { Authenticator } from './authenticator.ts';
import { clockPage } from './pages/clock-page.ts';
import type { Routes } from './router.ts';

export interface ClockRoutesOptions {
  authenticator: Authenticator;
  assets: AssetUrls;
  build: string;
}

/** The page with the clock, for those who are signed in. */
export function clockRoutes({ authenticator, assets, build }: ClockRoutesOptions): Routes {
  return {
    '/': {
      GET: async (request) => {
        const session = await authenticator.authenticate(request, { allowBearer: false });
        if (session === null) return toSignIn(request);
        const { token, headers } = csrfToken(request);
        return page(clockPage({ assets, account: { name: session.account, csrfToken: token }, build }), headers);
      },
    },
  };
}

export function page(html: Html, headers: Response['headers'] = []): Response {
  return {
    status: 200,
    headers: [['Content-Type', 'text/html; charset=utf-8'], ['Cache-Control', 'no-store'], ...headers],
    body: html.toString(),
  };
}

/** To the form, and back here afterwards. */
export function toSignIn({ path, query }: RequestHead): Response {
  const here = query === '' ? path : `${path}?${query}`;
  return redirect(`/accounts/login/?next=${encodeURIComponent(here).replaceAll('%2F', '/')}`);
}
