import type { Session } from '../auth/session.ts';
import { CodeGuesses } from '../screens/code-guesses.ts';
import { groupRule, nameRule, parseGroup, parseScreenName, withoutKeys } from '../screens/names.ts';
import { formatPairingCode, parsePairingCode } from '../screens/pairing-code.ts';
import type { ApproveResult, FoundCode, UnusableCode } from '../screens/pairing.ts';
import { tooManyAttempts } from './http-error.ts';
import { field, page, secretPage, type Request, type Response } from './http.ts';
import { operatorPage } from './operators.ts';
import { codePage, confirmPage, pairedPage } from './pages/device-page.ts';
import type { Routes } from './router.ts';
import type { WebContext } from './web-context.ts';

interface EnteredCode {
  /** As parsed. */
  code: string;
  name: string;
  group: string;
}

/** Where an operator approves the code that a screen shows. */
export function deviceRoutes(context: WebContext): Routes {
  const { pairing, csrf, assets, backend, log } = context;
  const guesses = new CodeGuesses(backend.limiter);

  const codeForm = (status: number, code: string, message?: string): Response =>
    page(codePage({ assets, code, message }), status);

  const notACode = (text: string): Response => {
    // The key of a link, pasted into the wrong field, must not be shown.
    const shown = text.length <= 16 ? text : '';
    return codeForm(400, shown, 'A code has eight characters, such as BCDF-2345, without vowels, 0 and 1.');
  };

  /** Looks a code up within the operator's limit of wrong ones. */
  const withinLimit = async <Result extends FoundCode | ApproveResult>(
    { account }: Session,
    code: string,
    lookUp: () => Promise<Result>,
  ): Promise<Result> => {
    const attempt = await guesses.attempt(account, code, lookUp, (result) => result === 'unknown');
    if (typeof attempt === 'number') throw tooManyAttempts(attempt, 'Too many wrong codes.');
    return attempt.result;
  };

  const refusal = (code: string, result: UnusableCode): Response => {
    if (result === 'expired') return codeForm(404, '', 'This code has expired. Enter the new one on the screen.');
    if (result === 'unknown') {
      const message = 'No screen shows this code. Compare it with the one on the screen.';
      return codeForm(404, formatPairingCode(code), message);
    }
    return codeForm(409, '', `This screen is already paired as ${result.name}, approved by ${result.by}.`);
  };

  const confirm = async (
    request: Request,
    session: Session,
    { code, name, group }: EnteredCode,
    [status, message]: readonly [number, string?] = [200],
  ): Promise<Response> => {
    const found = await withinLimit(session, code, () => pairing.find(code));
    if (typeof found === 'string' || found.state !== 'waiting') return refusal(code, found);
    const { token, headers } = csrf.tokenFor(request);
    const { screen, ageMs } = found;
    const typed = { name: withoutKeys(name), group: withoutKeys(group) };
    const options = { assets, csrfToken: token, code, screen, ageMs, ...typed, message };
    return secretPage(confirmPage(options), status, headers);
  };

  const approve = async (request: Request, session: Session, entered: EnteredCode): Promise<Response> => {
    const { code } = entered;
    const name = parseScreenName(entered.name);
    const groupText = entered.group.trim();
    const group = groupText === '' ? null : parseGroup(groupText);
    if (name === null) return confirm(request, session, entered, [400, nameRule]);
    if (group === null && groupText !== '') return confirm(request, session, entered, [400, groupRule]);
    const by = session.account;
    const result = await withinLimit(session, code, () => pairing.approve(code, { name, group, by }));
    if (result === 'name-taken') {
      return confirm(request, session, entered, [409, 'Another screen or link has this name. Choose another one.']);
    }
    if (typeof result === 'string' || result.state !== 'accepted') return refusal(code, result);
    log.info({ audit: 'pair', by, screen: result.screenId, name, group }, 'an operator acted');
    return page(pairedPage(assets, name));
  };

  return {
    '/device': {
      GET: operatorPage(context, async (request, session) => {
        const text = field(request.query, 'code');
        if (text === '') return codeForm(200, '');
        const code = parsePairingCode(text);
        return code === null ? notACode(text) : confirm(request, session, { code, name: '', group: '' });
      }),
      POST: operatorPage(context, async (request, session) => {
        csrf.check(request);
        const { body } = request;
        const code = parsePairingCode(field(body, 'code'));
        if (code === null) return notACode(field(body, 'code'));
        return approve(request, session, { code, name: field(body, 'name'), group: field(body, 'group') });
      }),
    },
  };
}
