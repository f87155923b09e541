import { type Html, html } from '../html.ts';
import { layout, type PageAssets } from './layout.ts';

/** What stands in a frame where nobody is signed in: one line, and the way out of the frame. */
export function signInFirstPage(assets: PageAssets): Html {
  const body = html`<main>
    <h1 class="unseen">Clock</h1>
    <p>The time is for those who are signed in: <a href="/accounts/login/?next=/" target="_top">sign in</a></p>
  </main>`;
  return layout({ title: 'Clock', assets, look: 'card', body });
}
