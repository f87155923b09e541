import type { AssetUrls } from '../assets.ts';
import { type Html, html } from '../html.ts';
import { field } from '../http.ts';
import { document, notStarted, signOutForm } from './document.ts';

export interface ClockPageOptions {
  assets: AssetUrls;
  /**
   * `screen`: a paired screen, on which nobody can sign in, so the page goes to `/screen` when its session ends. `embed`:
   * a frame. `signed-out`: a frame without a session, which shows the clock if its address contains the key of a link.
   */
  kind: 'person' | 'screen' | 'embed' | 'signed-out';
  /** The signed-in account; null if the page shows nothing but the clock. */
  account: ClockPageAccount | null;
  build: string;
  /** Where people sign in. */
  signIn?: string;
  /** The query of the address. */
  query?: string;
}

interface ClockPageAccount {
  name: string;
  isOperator: boolean;
  hasPassword: boolean;
  csrfToken: string;
}

/** The page with the clock in `#display` and its state in `#state`, which the client's script updates. */
export function clockPage({
  assets,
  kind,
  account,
  build,
  signIn = '/accounts/login/?next=/',
  query = '',
}: ClockPageOptions): Html {
  const body = html`<header class="account">
      ${account && html`<span class="name">${account.name}</span>`}
      <button id="read" type="button">Read the time</button>
      <button id="details" type="button">Details</button>
      ${account && accountMenu(account)}
    </header>
    <main>
      <h1 class="unseen">Clock</h1>
      <p id="display" role="timer" aria-live="off">‒‒:‒‒:‒‒</p>
      <div class="below">
        <p id="state" aria-live="polite">Connecting</p>
        <p id="error" title="Maximum error of the time shown"></p>
        <p id="reading" class="unseen" aria-live="polite"></p>
        <p id="warnings" role="status"></p>
        <a id="sign-in" href="${signIn}" target="_top">Sign in again</a>
      </div>
      ${kind === 'signed-out' ? signInFirst(signIn) : null} ${notStarted('The clock')}
    </main>`;
  // The client checks the parameters, but a page over a video must not cover it until then.
  const isTransparent = field(query, 'background') === 'transparent';
  return document({ title: 'Clock', assets, layout: 'clock', live: { build, kind, isTransparent }, body });
}

function signInFirst(signIn: string): Html {
  return html`<p id="sign-in-first">To see the time, <a href="${signIn}" target="_top">sign in</a>.</p>`;
}

function accountMenu({ isOperator, hasPassword, csrfToken }: ClockPageAccount): Html {
  return html`${isOperator ? html`<a href="/screens">Screens</a>` : null}
  ${hasPassword ? html`<a href="/accounts/password_change/">Change password</a>` : null} ${signOutForm(csrfToken)}`;
}
