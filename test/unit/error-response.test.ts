import { describe, expect, test } from 'vitest';
import { pageUrls } from '../../src/web/assets.ts';
import { ErrorResponses } from '../../src/web/error-response.ts';
import { signedOut, temporary } from '../../src/web/http-error.ts';

const errors = () => new ErrorResponses(pageUrls((file) => `/static/${file}`));
const links = [{ href: '/elsewhere', text: 'Sign in elsewhere' }];

describe('the response for an error', () => {
  test('is one page for one error, without the links of another request', () => {
    const responses = errors();
    const withLinks = responses.responseTo(signedOut, '/time/tic/', links);
    const page = responses.responseTo(signedOut, '/time/tic/');
    expect(withLinks.body).toContain('Sign in elsewhere');
    expect(page.body).not.toContain('Sign in elsewhere');
    expect(responses.responseTo(signedOut, '/')).toBe(page);
  });

  test('differs between errors of the same kind', () => {
    const responses = errors();
    const full = (seconds: number) => responses.responseTo(temporary('full', `Wait ${seconds} s.`, seconds), '/');
    expect(full(1)).toMatchObject({ status: 503, headers: expect.arrayContaining([['Retry-After', '1']]) });
    expect(full(2).body).toContain('Wait 2 s.');
  });

  test('is problem details below /api/ after a page of the same error', () => {
    const responses = errors();
    responses.responseTo(signedOut, '/time/tic/');
    const { body } = responses.responseTo(signedOut, '/api/initial_state');
    expect(JSON.parse(String(body))).toMatchObject({ type: 'urn:problem-type:clock:signed-out', status: 401 });
  });
});
