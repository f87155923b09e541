import { runInBackground } from '../background.ts';
import { element } from './browser.ts';
import { schedule } from './schedule.ts';
import { PairingRequests } from './screen/pairing-requests.ts';
import { PairingView } from './screen/pairing-view.ts';
import { ScreenPairing } from './screen/screen-pairing.ts';
import { sessionMemory } from './session-memory.ts';

const page = new PairingView();
const pairing = new ScreenPairing({
  requests: new PairingRequests(location.href, page.csrfToken),
  view: page,
  memory: sessionMemory,
  wall: Date.now,
  wait: (ms) => new Promise((resolve) => schedule(resolve, ms)),
  // `replace` removes this page from the history, so that the back button does not lead to it.
  leave: (path, fragment = '') => location.replace(path + location.search + fragment),
});

/** Returns the key of a link in the address. Removes it from the address, so that no history entry contains it. */
function takeKey(): string | null {
  const key = /^#(clk_\w+)$/.exec(location.hash)?.[1] ?? null;
  if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
  return key;
}

element('not-started').remove();
runInBackground(pairing.run(takeKey()));
// A key that is added to the address of the open page.
addEventListener('hashchange', () => {
  const key = takeKey();
  if (key !== null) runInBackground(pairing.run(key));
});
