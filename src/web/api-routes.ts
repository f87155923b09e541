import type { Session } from '../auth/session.ts';
import { ignoreUnavailable } from '../backend/backend.ts';
import type { InitialState, RetainedState, ScreenInfo } from '../protocol.ts';
import { isScreenKind, type Screens } from '../screens/screens.ts';
import { isZone } from '../time/zone.ts';
import { zoneOffsets } from '../time/zone-transitions.ts';
import { readerKinds } from './authenticator.ts';
import { showChannel } from '../channels/channel-names.ts';
import type { ChannelAccess, ReadableChannel } from './channel-access.ts';
import { HttpError, signedOut } from './http-error.ts';
import { json, type Request, type Response } from './http.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

const maxZones = 8;

/** The JSON API that programs and the page use. */
export function apiRoutes(context: WebContext): Routes {
  const { authenticator, backend, screens, screenCookies, channelAccess, spread, build } = context;
  const { pageOrigins } = context.config;
  const requireSession = async (
    request: Request,
    answer: (session: Session) => Response | Promise<Response>,
  ): Promise<Response> => {
    const session = await authenticator.authenticate(request, { kinds: readerKinds });
    if (session === null) throw signedOut;
    return answer(session);
  };

  return {
    '/api/initial_state': {
      pageOrigins,
      GET: (request) =>
        requireSession(request, async (session) => {
          const channel = channelOf(request, channelAccess, session);
          const [state, screen, headers] = await Promise.all([
            stateOf(channel, session, context),
            screenInfo(screens, session),
            screenCookies.renew(request, session),
          ]);
          return json({ ...state, spread: spread.ms, build, ...(screen === null ? {} : { screen }) }, 200, headers);
        }),
    },
    '/api/zones': {
      pageOrigins,
      GET: (request) =>
        requireSession(request, () => {
          const now = backend.time.now();
          return json(Object.fromEntries(zonesOf(request).map((name) => [name, zoneOffsets(name, now)])));
        }),
    },
  };
}

/** What operators set for the screen or link of a session; null for others, and during an outage. */
async function screenInfo(screens: Screens, { kind, recordId }: Session): Promise<ScreenInfo | null> {
  if (!isScreenKind(kind)) return null;
  const [screen] = (await screens.getMany([recordId]).catch(ignoreUnavailable)) ?? [];
  if (screen === undefined) return null;
  const { name, group, face } = screen.value;
  return { name, group, face };
}

function channelOf({ query }: Request, access: ChannelAccess, session: Session): ReadableChannel {
  const [name = 'time'] = new URLSearchParams(query).getAll('channel');
  const [channel] = access.find([name], session);
  return channel ?? { name, record: null };
}

/** The initial state of a channel, except for what all responses have. */
async function stateOf(
  { name, record }: ReadableChannel,
  session: Session,
  { lastMessages, retained, showDelivery, backend }: WebContext,
): Promise<Omit<InitialState | RetainedState, 'spread' | 'build'>> {
  if (record === null && name !== showChannel) return lastMessages.state(name);
  const last = record === null ? showDelivery.shownTo(session) : retained.get(record.id);
  const { zone, utcOffsetMs, nextUtcOffset } = await lastMessages.state('time');
  return {
    current: last == null ? null : contentOf(last.frame, name),
    at: last?.at ?? null,
    seq: last?.seq ?? null,
    channel: name,
    zone,
    utcOffsetMs,
    nextUtcOffset,
    interval: null,
    stale: backend.outage !== null,
  };
}

function contentOf(frame: Uint8Array, channel: string): unknown {
  const { message } = JSON.parse(Buffer.from(frame).toString()) as { message: Record<string, unknown> };
  return message[channel];
}

/** The zones of `names=Asia/Tokyo,Europe/London`. Throws a 404 for an unknown or repeated one, none or more than 8. */
function zonesOf({ query }: Request): string[] {
  const names = new URLSearchParams(query)
    .getAll('names')
    .flatMap((list) => list.split(','))
    .map((name) => name.trim());
  if (names.join('') === '')
    throw new HttpError('unknown-zone', 'The query parameter "names" is missing. Example: names=Asia/Tokyo.');
  const excess = names[maxZones];
  if (excess !== undefined) {
    throw new HttpError(
      'unknown-zone',
      `A request can name at most ${maxZones} zones; ${JSON.stringify(excess)} exceeds that.`,
    );
  }
  const unknown = names.find((name) => !isZone(name));
  if (unknown !== undefined) throw new HttpError('unknown-zone', `There is no time zone ${JSON.stringify(unknown)}.`);
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined) throw new HttpError('unknown-zone', `The zone ${JSON.stringify(repeated)} is repeated.`);
  return names;
}
