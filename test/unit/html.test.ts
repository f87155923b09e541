import { describe, expect, test } from 'vitest';
import { pageUrls } from '../../src/web/assets.ts';
import { html } from '../../src/web/html.ts';
import { clockPage } from '../../src/web/pages/clock-page.ts';
import { codePage, confirmPage, pairedPage } from '../../src/web/pages/device-page.ts';
import { errorPage } from '../../src/web/pages/error-page.ts';
import { passwordPage } from '../../src/web/pages/password-page.ts';
import { screensPage } from '../../src/web/pages/screens-page.ts';
import { signInPage } from '../../src/web/pages/sign-in-page.ts';

const assets = pageUrls((file) => `/static/${file}`);
const hostile = `"><script>alert('x')</script>&amp;`;

describe('html', () => {
  test('escapes values for text and for attributes', () => {
    expect(String(html`<b title="${hostile}">${hostile}</b>`)).toBe(
      '<b title="&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;">' +
        '&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;</b>',
    );
  });

  test('inserts markup of its own unchanged', () => {
    expect(String(html`<p>${html`<b>${'&'}</b>`}</p>`)).toBe('<p><b>&amp;</b></p>');
  });

  test('joins arrays, writes numbers and omits null', () => {
    expect(String(html`${[html`<i></i>`, '<', [1]]}|${0}|${null}`)).toBe('<i></i>&lt;1|0|');
  });

  test('refuses an object that imitates markup', () => {
    const forged = { toString: () => '<b>' };
    // @ts-expect-error only the tag creates markup
    expect(() => String(html`${forged}`)).toThrow(TypeError);
  });

  test('keeps a backslash in the markup', () => {
    expect(String(html`<p>a\\b</p>`)).toBe('<p>a\\b</p>');
  });
});

describe.each([
  [
    'clock',
    clockPage({
      assets,
      kind: 'person',
      account: { name: hostile, isOperator: true, hasPassword: true, csrfToken: hostile },
      build: hostile,
    }),
  ],
  [
    'sign-in',
    signInPage({
      assets,
      csrfToken: hostile,
      next: hostile,
      username: hostile,
      message: hostile,
      other: { signIn: hostile, signOut: hostile },
    }),
  ],
  ['password', passwordPage({ assets, csrfToken: hostile, account: hostile, message: hostile })],
  [
    'confirm',
    confirmPage({
      assets,
      csrfToken: hostile,
      code: 'BCDF2345',
      screen: { address: hostile, browser: hostile },
      ageMs: 0,
      name: hostile,
      group: hostile,
      message: hostile,
    }),
  ],
  ['code', codePage({ assets, code: hostile, message: hostile })],
  ['paired', pairedPage(assets, hostile)],
  ['screens', screensPage({ assets, account: hostile, csrfToken: hostile })],
  ['error', errorPage({ assets, status: 404, title: hostile, message: hostile })],
])('the %s page', (_name, page) => {
  const markup = page.toString();

  test('contains none of its values as markup', () => {
    expect(markup).not.toContain('<script>');
    expect(markup).not.toContain(`"><script`);
    expect(markup).toContain('&lt;script&gt;');
  });

  test('has no inline style and no inline script, and each button has a type', () => {
    expect(markup).not.toMatch(/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|javascript:|data:/i);
    expect(markup).not.toMatch(/<(?:button|input)(?![^>]*\stype=)/);
  });
});

test('the sign-in form after a failed attempt shows the reason, keeps the name and focuses the password', () => {
  const markup = signInPage({
    assets,
    csrfToken: 'c',
    next: '/?a=1&b=2',
    username: 'ana',
    message: 'No.',
    other: null,
  }).toString();
  expect(markup).toContain('role="alert">No.<');
  expect(markup).toContain('name="next" value="/?a=1&amp;b=2"');
  expect(markup).toMatch(/name="username"[^>]*value="ana"/);
  expect(markup).toMatch(/name="password"[^>]*autofocus/);
});
