import type { AssetUrls } from '../assets.ts';
import { type Html, html } from '../html.ts';
import { document, notStarted } from './document.ts';

export interface ScreenPageOptions {
  assets: AssetUrls;
  /** Null in the page that the service worker stores: its script requests one. */
  csrfToken: string | null;
}

/** The page of a screen that is not paired yet. Its script fills it in. */
export function screenPage({ assets, csrfToken }: ScreenPageOptions): Html {
  const body = html`<main id="screen" data-csrf="${csrfToken ?? ''}">
    <h1>Pair this screen</h1>
    <p id="message" role="status">Connecting</p>
    <div id="question" hidden>
      <button id="replace" type="button">Show the link’s clock here</button>
      <a id="keep" href="/">Keep the sign-in</a>
    </div>
    <div id="pairing" hidden>
      <p id="code" aria-live="polite"></p>
      <p id="how">On a phone, open <b id="address"></b> and enter this code, or scan the picture.</p>
      <p id="unreachable" hidden>
        A phone cannot reach this server yet: start it with <b>--host 0.0.0.0</b>, or run <b>clock pair</b> on its host.
      </p>
      <svg id="qr" role="img" aria-label="QR code of the address" hidden><path /></svg>
    </div>
    ${notStarted('Pairing')}
  </main>`;
  const description = 'Shows a code that pairs this screen with the clock.';
  return document({
    title: 'Pair this screen · Clock',
    description,
    assets,
    layout: 'screen',
    style: assets.screenCss,
    script: assets.screenJs,
    body,
  });
}
