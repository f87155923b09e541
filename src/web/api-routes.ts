import { field, HttpError, json, signedOut } from './http.ts';
import type { Authenticator } from './authenticator.ts';
import type { LastMessages } from './last-messages.ts';
import type { Routes } from './router.ts';
import type { Spread } from './spread.ts';

export interface ApiOptions {
  authenticator: Authenticator;
  latest: LastMessages;
  channels: readonly string[];
  spread: Spread;
  build: string;
}

/** What programs and the page ask for. */
export function apiRoutes({ authenticator, latest, channels, spread, build }: ApiOptions): Routes {
  return {
    '/api/initial_state': {
      GET: async (request) => {
        const session = await authenticator.authenticate(request, { allowBearer: true });
        if (session === null) throw signedOut();
        const asked = new URLSearchParams(request.query).getAll('channel');
        const channel = asked.length === 0 ? 'time' : field(request.query, 'channel');
        if (!channels.includes(channel)) throw new HttpError(404, `There are these channels: ${channels.join(', ')}.`);
        return json({ ...(await latest.state(channel)), spread: spread.ms, build });
      },
    },
  };
}
