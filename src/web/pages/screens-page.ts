import type { AssetUrls } from '../assets.ts';
import { type Html, html } from '../html.ts';
import { document, notStarted, signOutForm } from './document.ts';
import { showDialog, shownSection } from './show-controls.ts';

export interface ScreensPageOptions {
  assets: AssetUrls;
  /** The id of the operator's account. */
  account: string;
  csrfToken: string;
}

/** The operators' page. It contains the controls; `src/client/screens/` fills the tables and carries out actions. */
export function screensPage({ assets, account, csrfToken }: ScreensPageOptions): Html {
  const body = html`<header class="top">
      <h1>Screens</h1>
      <nav aria-label="Pages"><a href="/">Clock</a></nav>
      <bdi class="name">${account}</bdi>
      ${signOutForm(csrfToken)}
    </header>
    <main id="main" data-account="${account}" data-csrf-token="${csrfToken}">
      <div class="tabs" role="tablist" aria-label="Lists">
        <button id="screens-tab" type="button" role="tab" aria-controls="screens" aria-selected="true">Screens</button>
        <button id="accounts-tab" type="button" role="tab" aria-controls="accounts" aria-selected="false" tabindex="-1">
          Accounts and tokens
        </button>
      </div>
      ${screensPanel()} ${accountsPanel()}
      <p id="result" class="result" role="status"></p>
      <noscript><p class="alert">Without JavaScript, use clock screens and clock user on the host.</p></noscript>
      ${notStarted('This page', 'Chromium 88, Firefox 98, Safari 15.4')}
    </main>
    ${actionDialog()} ${showDialog()} ${confirmDialog()}`;
  const own = { script: assets.screensJs, style: assets.screensCss };
  const description = 'See and control the screens of this installation.';
  return document({ title: 'Screens · Clock', description, assets, layout: 'screens', ...own, body });
}

function screensPanel(): Html {
  return html`<section id="screens" role="tabpanel" aria-labelledby="screens-tab">
    ${shownSection()}
    <form id="filter" role="search" aria-label="Filter screens">
      <label>Find <input id="words" type="search" autocomplete="off" spellcheck="false" /></label>
      <label>
        Group
        <select id="group">
          <option value="">All groups</option>
        </select>
      </label>
      <label class="check"><input id="problems-only" type="checkbox" /> Problems only</label>
      <button id="group-actions" type="button" aria-haspopup="dialog" hidden></button>
      <a href="/device">Pair a screen</a>
    </form>
    <p id="summary">Loading</p>
    <p id="update-problem" class="alert" role="status"></p>
    <table role="table" aria-labelledby="screens-tab">
      ${tableHead(['State', 'Name', 'Group', 'Address', 'Build', 'Error', 'Last seen', 'Actions'])}
      <tbody id="entries" role="rowgroup"></tbody>
    </table>
  </section>`;
}

function accountsPanel(): Html {
  return html`<section id="accounts" role="tabpanel" aria-labelledby="accounts-tab" hidden>
    <h2 id="accounts-title">Accounts</h2>
    ${plainTable('account-rows', 'accounts-title', ['Name', 'Role', 'Sign-in', 'State', 'Created', 'Actions'])}
    <h2 id="tokens-title">Tokens</h2>
    ${plainTable('token-rows', 'tokens-title', ['Label', 'Account', 'Created', 'Expires', 'Actions'])}
    <p class="hint">On the host, clock user and clock token create accounts and tokens.</p>
  </section>`;
}

function plainTable(id: string, titleId: string, titles: readonly string[]): Html {
  return html`<table class="plain" role="table" aria-labelledby="${titleId}">
    ${tableHead(titles)}
    <tbody id="${id}" role="rowgroup"></tbody>
  </table>`;
}

function tableHead(titles: readonly string[]): Html {
  return html`<thead role="rowgroup">
    <tr role="row">
      ${titles.map((title) => html`<th role="columnheader" scope="col">${title}</th>`)}
    </tr>
  </thead>`;
}

function actionDialog(): Html {
  return html`<dialog id="action-dialog" aria-labelledby="action-title">
    <h2 id="action-title" tabindex="-1"></h2>
    <p id="action-hint" class="hint"></p>
    <div class="buttons">
      <button type="button" data-action="identify">Identify</button>
      <button type="button" data-action="reload">Reload</button>
      <button id="action-show" type="button" aria-haspopup="dialog">Show a message or countdown</button>
    </div>
    ${settings.map(settingForm)}
    <datalist id="groups"></datalist>
    <p id="action-result" class="result" role="status"></p>
    <dl id="facts"></dl>
    <div class="buttons last">
      <button type="button" class="danger" data-action="revoke">Sign out</button>
      <button id="close" type="button">Close</button>
    </div>
  </dialog>`;
}

interface Setting {
  action: string;
  label: string;
  button: string;
  hint: string;
}

const settings: readonly Setting[] = [
  { action: 'rename', label: 'Name', button: 'Rename', hint: '1 to 64 characters, unique among screens and links.' },
  {
    action: 'group',
    label: 'Group',
    button: 'Set group',
    hint: 'Lower-case letters, digits, - and _; empty for none.',
  },
  {
    action: 'face',
    label: 'Face',
    button: 'Set face',
    hint: 'A query such as face=analog, or the address of a clock.',
  },
];

function settingForm({ action, label, button, hint }: Setting): Html {
  return html`<form data-action="${action}">
    <label for="${action}-value">${label}</label>
    <input
      id="${action}-value"
      name="value"
      type="text"
      dir="auto"
      autocomplete="off"
      autocapitalize="none"
      spellcheck="false"
      aria-describedby="${action}-hint"
      ${action === 'group' ? html`list="groups"` : null}
    />
    <button type="submit">${button}</button>
    <p id="${action}-hint" class="hint">${hint}</p>
  </form>`;
}

function confirmDialog(): Html {
  return html`<dialog
    id="confirm-dialog"
    role="alertdialog"
    aria-labelledby="confirm-title"
    aria-describedby="confirm-text"
  >
    <h2 id="confirm-title"></h2>
    <p id="confirm-text"></p>
    <div class="buttons last">
      <button id="confirm-cancel" type="button" autofocus>Cancel</button>
      <button id="confirm-ok" type="button" class="danger"></button>
    </div>
  </dialog>`;
}
