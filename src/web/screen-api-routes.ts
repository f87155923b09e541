import type { ActionResult } from '../screens/screen-actions.ts';
import { InvalidAction, parseAction, parseTarget } from '../screens/parse-screen-action.ts';
import { HttpError } from './http-error.ts';
import { field, json } from './http.ts';
import { operatorSession } from './operators.ts';
import { invalidRequest, parseFields } from './request-body.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

/** The roster, and the actions on screens, for operators. */
export function screenApiRoutes(context: WebContext): Routes {
  const { csrf, rosterView, screenActions } = context;
  return {
    '/api/screens': {
      GET: async (request) => {
        await operatorSession(context, request);
        return json(await rosterView.changesSince(versionOf(field(request.query, 'since'))));
      },
      POST: async (request) => {
        const { account } = await operatorSession(context, request);
        csrf.check(request);
        const { action, target } = parseBody(request.body);
        const problem = problemOf(await screenActions.run(action, target, account));
        if (problem !== null) throw problem;
        return json({});
      },
    },
  };
}

/** Null, which requests everything, if the version is missing or not a number. */
function versionOf(since: string): number | null {
  return /^\d{1,15}$/.test(since) ? Number(since) : null;
}

function parseBody(text: string) {
  const { action, id, group, value } = parseFields(text);
  try {
    return { action: parseAction(action, value), target: parseTarget(id, group) };
  } catch (error) {
    if (error instanceof InvalidAction) throw invalidRequest(error.message);
    throw error;
  }
}

function problemOf(result: ActionResult): HttpError | null {
  switch (result) {
    case 'unknown':
      return new HttpError('unknown-screen', 'There is no such screen, or its group is empty.');
    case 'name-taken':
      return new HttpError('name-taken', 'Another screen or link has this name.');
    case 'not-possible':
      return new HttpError(
        'not-possible',
        'Groups cannot be renamed here, and people and programs can only be signed out.',
      );
    case 'done':
      return null;
  }
}
