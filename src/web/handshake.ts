import type { Session } from '../auth/session.ts';
import { showChannel } from '../channels/channel-names.ts';
import type { ChannelAccess } from './channel-access.ts';
import { perSecondTopicOf, topicOf, topicOfSlot, type SocketState } from './hub.ts';
import { HttpError } from './http-error.ts';
import type { RequestHead } from './http.ts';

const maxChannels = 8;
const upgradeHeaders = [
  ['Upgrade', 'websocket'],
  ['Connection', 'Upgrade'],
  ['Sec-WebSocket-Version', '13'],
] as const;

/**
 * Throws a 405, 426 or 400 if the handshake violates RFC 6455, section 4.2.1. uWebSockets.js accepts most violations.
 */
export function checkHandshake({ method, headers, query }: RequestHead): void {
  if (method !== 'GET')
    throw new HttpError('method-not-allowed', 'Method not allowed. Allowed: GET.', [['Allow', 'GET']]);
  if (headers.get('sec-websocket-version')?.trim() !== '13') {
    throw new HttpError(
      'upgrade-required',
      'This path accepts only WebSocket handshakes of version 13.',
      upgradeHeaders,
    );
  }
  if (headers.get('upgrade')?.toLowerCase() !== 'websocket') throw invalid('The Upgrade header must be "websocket".');
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(headers.get('connection') ?? '')) {
    throw invalid('The Connection header must include "Upgrade".');
  }
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(headers.get('sec-websocket-key') ?? '')) {
    throw invalid('The Sec-WebSocket-Key header must be 16 bytes in base64.');
  }
  // A proxy could mistake the body for the first frames.
  if (Number(headers.get('content-length') ?? 0) > 0) throw invalid('A handshake must not have a body.');
  if (query === '') return;
  const every = new URLSearchParams(query).getAll('every');
  if (every.some((value) => value !== '1000') || every.length > 1)
    throw invalid('The query parameter "every" must be 1000.');
}

export type Subscriptions = Pick<SocketState, 'topics' | 'hasShow'>;

/** Shared by the many sockets that request nothing else. */
const defaultTopics = [topicOf('time')];

/**
 * The topics that a query requests: `channels=time,news`, by default `time`; with `every=1000`, only the first tick of
 * `time` in each second. Throws a 404 if a channel is unknown, empty or repeated, or if there are more than 8, and a 403
 * if the reader may not read one.
 */
export function subscriptionsOf({ query }: RequestHead, access: ChannelAccess, session: Session): Subscriptions {
  if (query === '') return { topics: defaultTopics, hasShow: false };
  const parameters = new URLSearchParams(query);
  const lists = parameters.getAll('channels');
  const requested = lists.length === 0 ? ['time'] : lists.flatMap((list) => list.split(','));
  if (requested.length > maxChannels) {
    throw new HttpError('unknown-channel', `A socket can receive at most ${maxChannels} channels.`);
  }
  if (new Set(requested).size < requested.length) throw new HttpError('unknown-channel', 'A channel is repeated.');
  const perSecond = parameters.get('every') === '1000';
  const channels = access.find(requested, session).filter(({ name }) => name !== showChannel);
  const topics = channels.map(({ name, record }) => {
    if (record !== null) return topicOfSlot(record.id);
    return perSecond && name === 'time' ? perSecondTopicOf(name) : topicOf(name);
  });
  return { topics, hasShow: channels.length < requested.length };
}

function invalid(message: string): HttpError {
  return new HttpError('invalid-handshake', message);
}
