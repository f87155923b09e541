import { ticketLifetimeMs } from '../auth/tickets.ts';
import { pageKinds } from './authenticator.ts';
import { HttpError, signedOut } from './http-error.ts';
import { field, json } from './http.ts';
import { endReplaced } from './replaced-sessions.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/**
 * What the keys of links are exchanged for: a cookie, or tickets for handshakes. Neither checks for CSRF: no browser
 * sends Bearer by itself.
 */
export function linkRoutes(context: WebContext): Routes {
  const { authenticator, screens, screenCookies, tickets } = context;
  return {
    '/screen/link': {
      POST: async (request) => {
        const link = await authenticator.authenticate(request, { kinds: ['key'] });
        const [stored] = link === null ? [] : await screens.getMany([link.recordId]);
        if (stored?.kind !== 'link') throw signedOut;
        const headers = new Map(request.headers);
        headers.delete('authorization');
        const previous = await authenticator.authenticate({ ...request, headers }, { kinds: pageKinds, ownOnly: true });
        if (previous?.kind === 'session' && field(request.body, 'replace') !== '1') {
          throw new HttpError('signed-in', `This browser is signed in as ${previous.account}.`);
        }
        await endReplaced(context, previous);
        return json({}, 200, await screenCookies.forLink(request, stored.id, stored.value));
      },
    },
    '/api/ticket': {
      pageOrigins: context.config.pageOrigins,
      POST: async (request) => {
        const bearer = request.headers.has('authorization');
        const session = bearer ? await authenticator.authenticate(request, { kinds: ['token', 'key'] }) : null;
        if (session === null) throw signedOut;
        return json({ ticket: await tickets.issue(session), expiresInMs: ticketLifetimeMs });
      },
    },
  };
}
