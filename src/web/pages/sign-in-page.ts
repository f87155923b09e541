import type { AssetUrls } from '../assets.ts';
import { type Html, html } from '../html.ts';
import { alert, csrfField, formPage } from './document.ts';

export interface SignInPageOptions {
  assets: AssetUrls;
  csrfToken: string;
  /** The path of this site to which the browser is redirected after signing in. */
  next: string;
  /** The name that the last attempt used; empty before the first. */
  username: string;
  /** Why the last attempt failed. */
  message?: string | undefined;
  /** Of another application; null without one. */
  other: OtherSignIn | null;
}

export interface OtherSignIn {
  /** Where people sign in to it, and out of it; null if that is not known. */
  signIn: string | null;
  signOut: string | null;
}

/** The sign-in form. */
export function signInPage({ assets, csrfToken, next, username, message, other }: SignInPageOptions): Html {
  const autofocus = html` autofocus`;
  const body = html`<main>
    <img src="${assets.icon}" alt="" width="56" height="56" />
    <h1>Sign in to Clock</h1>
    ${alert(message)}
    <form method="post" action="/accounts/login/">
      ${csrfField(csrfToken)}
      <input type="hidden" name="next" value="${next}" />
      <label for="username">Name</label>
      <input
        id="username"
        name="username"
        type="text"
        value="${username}"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        required${username === '' ? autofocus : null}
      />
      <label for="password">Password</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        required${username === '' ? null : autofocus}
      />
      <button type="submit">Sign in</button>
    </form>
    ${other && otherApplication(other)}
  </main>`;
  const description = 'Sign in to see the time, live.';
  return formPage({ title: 'Sign in · Clock', description, assets, message, body });
}

/** Signing out of Clock leads here. */
function otherApplication({ signIn, signOut }: OtherSignIn): Html {
  return html`${signIn && html`<p class="aside"><a href="${signIn}">Sign in through the other application</a></p>`}
    <p class="aside">
      Signing out of Clock does not sign you out of the other application.
      ${signOut && html`<a href="${signOut}">Sign out there</a>`}
    </p>`;
}
