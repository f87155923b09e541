import { runInBackground } from '../background.ts';
import { ClockApp } from './app.ts';
import { renewCookieDaily } from './cookie-renewal.ts';
import { element } from './browser.ts';
import type * as KeyTransportModule from './key-transport.ts';
import { LazyModule } from './lazy-module.ts';
import { schedule } from './schedule.ts';
import { cookieTransport } from './transport.ts';

const retryAfterMs = 2_000;
const { dataset } = document.documentElement;

/** Starts the clock of a frame whose address contains the key of a link. */
async function startWithKey(key: string, keyModule: LazyModule<typeof KeyTransportModule>): Promise<void> {
  try {
    const { keyTransport } = await keyModule.load();
    new ClockApp(keyTransport(key)).start();
  } catch {
    schedule(() => runInBackground(startWithKey(key, keyModule)), retryAfterMs * (1 + Math.random()));
  }
}

const isFrame = location.pathname === '/embed';
const key = isFrame && /^#clk_\w+$/.test(location.hash) ? location.hash.slice(1) : null;
if (isFrame) addEventListener('hashchange', () => location.reload());
if (key !== null) {
  dataset['page'] = 'embed';
  runInBackground(startWithKey(key, new LazyModule('/static/key-transport.js')));
} else if (dataset['page'] !== 'signed-out') {
  new ClockApp(cookieTransport).start();
  if (dataset['page'] !== 'person') renewCookieDaily();
}
element('not-started').remove();
