import { type Html, html } from '../html.ts';
import { layout, type PageAssets } from './layout.ts';

export interface ClockPageOptions {
  assets: PageAssets;
  /** The account that is signed in; null for the clock without a bar. */
  account: { name: string; csrfToken: string } | null;
  /** The build that serves the page, `1.0.0+3f2a91c`; the script reports it to the server. */
  build: string;
}

/** The page with the clock in `#display` and its state in `#state`; the client's script writes both. */
export function clockPage({ assets, account, build }: ClockPageOptions): Html {
  const body = html`<header class="account">
      ${account && html`<span class="name">${account.name}</span>`}
      <button id="read" type="button">Read the time</button>
      <button id="details" type="button">Details</button>
      ${
        account &&
        html`<a href="/accounts/password_change/">Change password</a>
          <form method="post" action="/accounts/logout/">
            <input type="hidden" name="csrfmiddlewaretoken" value="${account.csrfToken}" />
            <button type="submit">Sign out</button>
          </form>`
      }
    </header>
    <main>
      <h1 class="unseen">Clock</h1>
      <p id="display" role="timer" aria-live="off">‒‒:‒‒:‒‒</p>
      <div class="below">
        <p id="state" aria-live="polite">Connecting</p>
        <p id="error" title="The greatest error of the shown time"></p>
        <p id="reading" class="unseen" aria-live="polite"></p>
        <a id="sign-in" href="/accounts/login/?next=/" target="_top">Sign in again</a>
        <noscript><p>The clock needs JavaScript.</p></noscript>
      </div>
    </main>`;
  return layout({ title: 'Clock', assets, layout: 'clock', live: { build }, body });
}
