import type { AssetUrls } from '../assets.ts';
import { type Html, html } from '../html.ts';
import { alert, csrfField, formPage } from './document.ts';

export interface PasswordPageOptions {
  assets: AssetUrls;
  csrfToken: string;
  /** The account whose password changes. */
  account: string;
  /** Why the last attempt failed. */
  message?: string | undefined;
}

/** The form to change one's own password. */
export function passwordPage({ assets, csrfToken, account, message }: PasswordPageOptions): Html {
  const body = html`<main>
    <img src="${assets.icon}" alt="" width="56" height="56" />
    <h1>Change password</h1>
    ${alert(message)}
    <form method="post" action="/accounts/password_change/">
      ${csrfField(csrfToken)}
      <label for="account">Name</label>
      <input id="account" type="text" value="${account}" autocomplete="username" readonly />
      <label for="old_password">Current password</label>
      <input id="old_password" name="old_password" type="password" autocomplete="current-password" required autofocus />
      <label for="new_password1">New password</label>
      <input
        id="new_password1"
        name="new_password1"
        type="password"
        autocomplete="new-password"
        aria-describedby="rule"
        required
      />
      <p id="rule" class="hint">15 to 128 characters of any kind. A sentence is easy to remember.</p>
      <label for="new_password2">New password again</label>
      <input id="new_password2" name="new_password2" type="password" autocomplete="new-password" required />
      <p class="hint">This ends your other sessions and your tokens.</p>
      <button type="submit">Change password</button>
    </form>
    <p class="aside"><a href="/">Back to the clock</a></p>
  </main>`;
  const description = 'Change the password of your account.';
  return formPage({ title: 'Change password · Clock', description, assets, message, body });
}
