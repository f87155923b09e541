import { showChannel } from '../channels/channel-names.ts';
import { PublishLimits } from '../channels/publish-limits.ts';
import { maxShowMs, minShowMs, parseShow, type ShowContext } from '../channels/show.ts';
import { fieldsOf, maxTargets, type ShowTarget } from '../channels/shows.ts';
import type { ShowsResponse } from '../operator-api.ts';
import { groupRule, parseGroup } from '../screens/names.ts';
import { screenTarget } from '../screens/show-target.ts';
import { Zone } from '../time/zone.ts';
import type { Session } from '../auth/session.ts';
import { HttpError, signedOut, temporary, tooManyMessages } from './http-error.ts';
import { json, type Request } from './http.ts';
import { expectOperator, operatorSession } from './operators.ts';
import { invalidRequest, parseBody, refuseContent, withContent } from './request-body.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

const tooManyTargets = `There are ${maxTargets} targets already. Clear some, and try again after a minute.`;
const keys = new Set(['show', 'extendMs', 'group', 'screen', 'forMs']);

/** `/api/show`: what screens show besides the time. `published` counts the messages by channel. */
export function showRoutes(context: WebContext, published: Map<string, number>): Routes {
  const { backend, shows, lastMessages, log } = context;
  const limits = new PublishLimits(backend.limiter);
  return {
    '/api/show': {
      GET: async (request) => {
        await operatorSession(context, request);
        const [set, { zone }] = await Promise.all([shows.list(), lastMessages.state('time')]);
        const now = backend.time.now();
        const shown = set.map(({ target, ...show }) => ({ ...fieldsOf(target), ...show }));
        const response: ShowsResponse = { now, zone, shows: shown };
        return json(response);
      },
      POST: async (request) => {
        const session = await authorized(context, request);
        const body = parseBody(request.bytes);
        const unknown = Object.keys(body).find((key) => !keys.has(key));
        if (unknown !== undefined) throw invalidRequest(`The key ${JSON.stringify(unknown)} is unknown.`);
        const { zone } = await lastMessages.state('time');
        const change = changeOf(body, { now: backend.time.now(), zone: () => zoneOf(zone) });
        const waitMs = await limits.consume(session.jti);
        if (waitMs !== null) throw tooManyMessages(waitMs);
        const target = await targetOf(context, body);
        const stamp =
          'extendMs' in change
            ? await shows.extend(target, change.extendMs).catch(refuseContent)
            : await shows.set(target, change.show, change.forMs);
        if (stamp === 'no-countdown') throw new HttpError('no-countdown', 'No countdown is set for this target.');
        if (stamp === 'full') throw new HttpError('too-many-targets', tooManyTargets);
        published.set(showChannel, (published.get(showChannel) ?? 0) + 1);
        log.info({ audit: 'show', by: session.account, ...fieldsOf(target), ...change }, 'an operator acted');
        return json({ seq: stamp.seq, at: stamp.at });
      },
    },
  };
}

/** The session of an operator, or that of a token that may publish on the channel. */
async function authorized(context: WebContext, request: Request): Promise<Session> {
  const session = await context.authenticator.authenticate(request, { kinds: ['session', 'token'] });
  if (session === null) throw signedOut;
  if (session.kind === 'token') {
    if (session.publishes?.includes(showChannel) === true) return session;
    throw new HttpError('forbidden-channel', 'This token may not publish on "show".');
  }
  await expectOperator(context, session);
  context.csrf.check(request);
  return session;
}

type Change = { extendMs: number } | { show: ReturnType<typeof parseShow> | null; forMs?: number };

function changeOf({ show, extendMs, forMs }: Record<string, unknown>, context: ShowContext): Change {
  if ((show === undefined) === (extendMs === undefined)) {
    throw invalidRequest('The body must have exactly one of "show" and "extendMs".');
  }
  if (extendMs !== undefined) {
    if (forMs !== undefined) throw invalidRequest('"forMs" is only possible with "show".');
    return { extendMs: durationOf(extendMs, 'extendMs') };
  }
  if (show === null && forMs !== undefined) throw invalidRequest('"forMs" is not possible if nothing is shown.');
  const lifetime = forMs === undefined ? {} : { forMs: durationOf(forMs, 'forMs') };
  return { show: show === null ? null : withContent(() => parseShow(show, context)), ...lifetime };
}

function zoneOf(name: string | null): Zone {
  if (name !== null) return new Zone(name);
  throw temporary('unavailable', 'The zone of the clock is unknown until a worker has published the time.');
}

function durationOf(value: unknown, key: string): number {
  if (Number.isInteger(value) && Number(value) >= minShowMs && Number(value) <= maxShowMs) return Number(value);
  throw invalidRequest(`"${key}" must be a whole number of ms, from a second to 366 days.`);
}

async function targetOf(
  { screens, shows }: WebContext,
  { group, screen }: Record<string, unknown>,
): Promise<ShowTarget> {
  if (group !== undefined && screen !== undefined) throw invalidRequest('Give "group" or "screen", not both.');
  if (group !== undefined) {
    const name = typeof group === 'string' ? parseGroup(group) : null;
    if (name !== null) return { group: name };
    throw invalidRequest(groupRule);
  }
  if (screen === undefined) return 'everybody';
  if (typeof screen !== 'string') throw invalidRequest('The screen is not a text.');
  const target = await screenTarget(screen, { screens, shows });
  if (target !== null) return target;
  throw new HttpError('unknown-screen', 'There is no such screen or link.');
}
