import { formatPairingCode } from '../../screens/pairing-code.ts';
import type { AssetUrls } from '../assets.ts';
import { type Html, html } from '../html.ts';
import { alert, csrfField, document, formPage } from './document.ts';

interface PageOptions {
  assets: AssetUrls;
  /** Why the last attempt failed. */
  message?: string | undefined;
}

export interface ConfirmPageOptions extends PageOptions {
  csrfToken: string;
  code: string;
  /** The screen that shows the code. */
  screen: { address: string; browser: string };
  ageMs: number;
  /** As entered. */
  name: string;
  group: string;
}

/** The form for the code that a screen shows. */
export function codePage({ assets, code, message }: PageOptions & { code: string }): Html {
  const body = html`<main>
    <img src="${assets.icon}" alt="" width="56" height="56" />
    <h1>Pair a screen</h1>
    ${alert(message)}
    <form method="get" action="/device">
      <label for="code">Code on the screen</label>
      <input
        id="code"
        name="code"
        type="text"
        value="${code}"
        placeholder="XXXX-XXXX"
        autocomplete="off"
        autocapitalize="characters"
        spellcheck="false"
        maxlength="32"
        aria-describedby="hint"
        required
        autofocus
      />
      <p id="hint" class="hint">Open /screen on the screen to see it.</p>
      <button type="submit">Continue</button>
    </form>
  </main>`;
  const description = 'Pair a screen with the code that it shows.';
  return formPage({ title: 'Pair a screen · Clock', description, assets, message, body });
}

/** Also the title of the field, which browsers add to their message about a text that does not match its pattern. */
const groupHint = 'Lower-case letters, digits, - and _.';

/** The step that confirms a code and names its screen. */
export function confirmPage(options: ConfirmPageOptions): Html {
  const { assets, csrfToken, code, screen, ageMs, name, group, message } = options;
  const body = html`<main>
    <h1>Pair a screen</h1>
    ${alert(message)}
    <p>Continue only if this code is on the screen in front of you:</p>
    <p class="code">${formatPairingCode(code)}</p>
    <dl>
      <dt>Address</dt>
      <dd>${screen.address}</dd>
      <dt>Browser</dt>
      <dd>${screen.browser}</dd>
      <dt>Shown for</dt>
      <dd>${ageText(ageMs)}</dd>
    </dl>
    <form method="post" action="/device">
      ${csrfField(csrfToken)}
      <input type="hidden" name="code" value="${code}" />
      <label for="name">Name of the screen</label>
      <input
        id="name"
        name="name"
        type="text"
        dir="auto"
        value="${name}"
        autocomplete="off"
        maxlength="64"
        required
        autofocus
      />
      <label for="group">Group, if any</label>
      <input
        id="group"
        name="group"
        type="text"
        value="${group}"
        autocomplete="off"
        autocapitalize="none"
        spellcheck="false"
        maxlength="32"
        pattern="[a-z0-9_\\-]*"
        title="${groupHint}"
        aria-describedby="rule"
      />
      <p id="rule" class="hint">${groupHint}</p>
      <button type="submit">Pair this screen</button>
    </form>
    <p class="aside"><a href="/device">Another code</a></p>
  </main>`;
  const description = 'Confirm the screen and give it a name.';
  return formPage({ title: 'Pair a screen · Clock', description, assets, style: assets.screenCss, message, body });
}

/** Says that a screen is paired. */
export function pairedPage(assets: AssetUrls, name: string): Html {
  const body = html`<main>
    <h1><bdi>${name}</bdi> is paired</h1>
    <p>It shows the clock in a moment.</p>
    <p class="aside"><a href="/device">Pair another screen</a> · <a href="/screens">All screens</a></p>
  </main>`;
  return document({ title: `${name} is paired · Clock`, assets, layout: 'card', body });
}

function ageText(ageMs: number): string {
  const seconds = Math.floor(ageMs / 1_000);
  return seconds < 90 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}
