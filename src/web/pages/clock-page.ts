import { type Html, html } from '../html.ts';
import { layout, type PageAssets } from './layout.ts';

export interface ClockPageOptions {
  assets: PageAssets;
  /** The name of the signed-in account. */
  account: string;
  csrfToken: string;
  /** The build that serves the page, `1.0.0+3f2a91c`; its script tells it to the server. */
  build: string;
}

/** The page with the clock in `#display` and its state in `#state`; the client's script keeps both. */
export function clockPage({ assets, account, csrfToken, build }: ClockPageOptions): Html {
  const body = html`<header class="account">
      <span class="name">${account}</span>
      <a href="/accounts/password_change/">Change password</a>
      <form method="post" action="/accounts/logout/">
        <input type="hidden" name="csrfmiddlewaretoken" value="${csrfToken}" />
        <button>Sign out</button>
      </form>
    </header>
    <main>
      <h1 class="unseen">Clock</h1>
      <p id="display" role="timer" aria-live="off">‒‒:‒‒:‒‒</p>
      <div class="below">
        <p id="state" aria-live="polite">Connecting</p>
        <a id="sign-in" href="/accounts/login/?next=/">Sign in again</a>
        <noscript><p>The time is shown live, and that needs JavaScript.</p></noscript>
      </div>
    </main>`;
  return layout({ title: 'Clock', assets, look: 'clock', live: { build }, body });
}
