import { type Html, html } from '../html.ts';
import { layout, type PageAssets } from './layout.ts';

export interface ClockPageOptions {
  assets: PageAssets;
  /** Who is signed in; null where the page is the clock alone. */
  account: { name: string; csrfToken: string } | null;
  /** The build that serves the page, `1.0.0+3f2a91c`; its script tells it to the server. */
  build: string;
}

/** The page with the clock in `#display` and its state in `#state`; the client's script keeps both. */
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
            <button>Sign out</button>
          </form>`
      }
    </header>
    <main>
      <h1 class="unseen">Clock</h1>
      <p id="display" role="timer" aria-live="off">‒‒:‒‒:‒‒</p>
      <div class="below">
        <p id="state" aria-live="polite">Connecting</p>
        <p id="error" title="How far the shown time may be wrong"></p>
        <p id="reading" class="unseen" aria-live="polite"></p>
        <p id="warnings" role="status"></p>
        <a id="sign-in" href="/accounts/login/?next=/" target="_top">Sign in again</a>
        <noscript><p>The time is shown live, and that needs JavaScript.</p></noscript>
      </div>
    </main>`;
  return layout({ title: 'Clock', assets, look: 'clock', live: { build }, body });
}
