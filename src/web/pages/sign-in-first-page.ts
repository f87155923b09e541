import type { AssetUrls } from '../assets.ts';
import { type Html, html } from '../html.ts';
import { document } from './document.ts';

/** What a frame shows while the browser is signed out. */
export function signInFirstPage(assets: AssetUrls): Html {
  const body = html`<main>
    <h1 class="unseen">Clock</h1>
    <p>To see the time, <a href="/accounts/login/?next=/" target="_top">sign in</a>.</p>
  </main>`;
  return document({ title: 'Clock', description: 'Sign in to see the time.', assets, layout: 'card', body });
}
