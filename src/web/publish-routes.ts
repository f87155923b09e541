import { jsonContent, textContent } from '../channels/content.ts';
import { PublishLimits } from '../channels/publish-limits.ts';
import { showChannel } from '../channels/channel-names.ts';
import { unknownChannel } from './channel-access.ts';
import { HttpError, signedOut, tooManyMessages } from './http-error.ts';
import { json } from './http.ts';
import { invalidRequest, parseBody, withContent } from './request-body.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** `POST /api/publish`, for tokens alone. `published` counts the messages by channel. */
export function publishRoutes(context: WebContext, published: Map<string, number>): Routes {
  const { authenticator, backend } = context;
  const limits = new PublishLimits(backend.limiter);
  return {
    '/api/publish': {
      POST: async (request) => {
        const token = await authenticator.authenticate(request, { kinds: ['token'] });
        if (token === null) throw signedOut;
        const { channel, content } = parsePublishBody(request.bytes);
        if (channel === showChannel || token.publishes?.includes(channel) !== true) {
          throw new HttpError('forbidden-channel', `This token may not publish on ${JSON.stringify(channel)}.`);
        }
        const contentJson = content();
        const waitMs = await limits.consume(token.jti);
        if (waitMs !== null) throw tooManyMessages(waitMs);
        const outcome = await backend.publications.publish({ channel, json: contentJson });
        if (typeof outcome === 'string') throw unknownChannel(channel);
        published.set(channel, (published.get(channel) ?? 0) + 1);
        return json({ seq: outcome.seq, at: outcome.at });
      },
    },
  };
}

/** The channel of a body, and a function that returns its content as JSON. Both throw an `HttpError`. */
function parsePublishBody(bytes: Uint8Array): { channel: string; content: () => string } {
  const { channel, ...content } = parseBody(bytes);
  const [key, ...others] = Object.keys(content);
  if (typeof channel !== 'string') throw invalidRequest('The channel is missing.');
  if ((key !== 'text' && key !== 'json') || others.length > 0) {
    throw invalidRequest('The body must have exactly "channel" and one of "text" and "json".');
  }
  const value = content[key];
  if (key === 'json') return { channel, content: () => withContent(() => jsonContent(value)) };
  if (typeof value !== 'string') throw invalidRequest('The text is not a string. Publish other values as "json".');
  return { channel, content: () => withContent(() => textContent(value)) };
}
