import { runInBackground } from '../../background.ts';
import { element } from '../browser.ts';
import { AccountsPanel } from './accounts-panel.ts';
import type { ActionResult } from './action-dialog.ts';
import { Api } from './api.ts';
import { connectConfirmDialog } from './confirm.ts';
import { ScreensPanel } from './screens-panel.ts';
import { connectTabs } from './tabs.ts';

// Older browsers keep the text that names the supported ones: operators use the page, televisions do not.
if ('replaceChildren' in document && 'HTMLDialogElement' in globalThis) start();

function start(): void {
  const { account = '', csrfToken = '' } = element('main').dataset;
  const api = new Api(csrfToken);
  const accounts = new AccountsPanel({ api, ownAccount: account, onResult });
  connectConfirmDialog();
  new ScreensPanel({ api, onResult }).start();
  connectTabs((panel) => {
    onResult({ isDone: true, text: '' });
    if (panel === 'accounts') runInBackground(accounts.load());
  });
  element('not-started').remove();
}

function onResult({ isDone, text }: ActionResult): void {
  const line = element('result');
  line.classList.toggle('alert', !isDone);
  line.textContent = text;
}
