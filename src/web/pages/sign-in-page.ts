import { type Html, html } from '../html.ts';
import { alert, layout, type PageAssets } from './layout.ts';

export interface SignInPageOptions {
  assets: PageAssets;
  csrfToken: string;
  /** Where to go afterwards: a path of this site. */
  next: string;
  /** What was typed the last time, or empty. */
  username: string;
  /** Why the last try did not succeed. */
  message?: string | undefined;
}

/** The form that signs in. */
export function signInPage({ assets, csrfToken, next, username, message }: SignInPageOptions): Html {
  const focus = html` autofocus`;
  const body = html`<main>
    <img src="${assets.icon}" alt="" width="56" height="56" />
    <h1>Sign in to Clock</h1>
    ${alert(message)}
    <form method="post" action="/accounts/login/">
      <input type="hidden" name="csrfmiddlewaretoken" value="${csrfToken}" />
      <input type="hidden" name="next" value="${next}" />
      <label for="username">Name</label>
      <input
        id="username"
        name="username"
        value="${username}"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        required${username === '' ? focus : null}
      />
      <label for="password">Password</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        required${username === '' ? null : focus}
      />
      <button>Sign in</button>
    </form>
  </main>`;
  return layout({
    title: message === undefined ? 'Sign in · Clock' : 'Error: Sign in · Clock',
    assets,
    look: 'card',
    body,
  });
}
