import { networkOf } from '../addresses.ts';
import { browserName } from '../screens/browser-name.ts';
import { formatPairingCode } from '../screens/pairing-code.ts';
import { pageKinds } from './authenticator.ts';
import { HttpError, tooManyAttempts } from './http-error.ts';
import { field, json, page } from './http.ts';
import { screenPage } from './pages/screen-page.ts';
import { publicOrigin } from './public-origin.ts';
import { qrCode } from './qr-code.ts';
import { endReplaced } from './replaced-sessions.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** What a screen that is not paired yet shows and requests. */
export function pairingRoutes(context: WebContext): Routes {
  const { config, host, authenticator, pairing, screenCookies, csrf, assets } = context;
  return {
    '/screen': {
      // Makes no code: robots that preview links request it, too.
      GET: (request) => {
        const { token, headers } = csrf.tokenFor(request);
        return page(screenPage({ assets, csrfToken: token }), 200, headers);
      },
    },
    '/screen/code': {
      POST: async (request) => {
        csrf.check(request);
        const screen = { address: request.address, browser: browserName(request.headers.get('user-agent') ?? '') };
        const issued = await pairing.issueCode(screen, networkOf(request.address));
        if (typeof issued === 'number') throw tooManyAttempts(issued, 'Too many screens are waiting.');
        const code = formatPairingCode(issued.code);
        const origin = await publicOrigin(request, { publicUrl: config.publicUrl, listenHost: host });
        const url = origin === null ? null : `${origin}/device?code=${code}`;
        return json({ ...issued, code, url, qr: url === null ? null : qrCode(url) });
      },
    },
    '/screen/collect': {
      POST: async (request) => {
        csrf.check(request);
        const result = await pairing.collect(field(request.body, 'secret'));
        if (result === 'gone') throw new HttpError('unknown-code', 'This code has expired or was used.');
        if (result.state === 'waiting') return json({ state: 'waiting' });
        const { screenId, screen } = result;
        const previous = await authenticator.authenticate(request, { kinds: pageKinds, ownOnly: true });
        // The second collection of the same session replaces nothing.
        if (previous?.recordId !== screenId) await endReplaced(context, previous);
        return json({ state: 'paired' }, 200, await screenCookies.forScreen(request, screenId, screen));
      },
    },
  };
}
