import { join } from 'node:path';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';
import { cachedPackage } from './browser-cache.ts';
import { BrowserProcess } from '../support/browser-process.ts';
import { CommandSocket } from '../support/command-socket.ts';
import type { BrowserDriver } from '../support/browser-driver.ts';

const switches = ['--headless', '--no-sandbox', '--disable-gpu', '--no-zygote'];

/**
 * Starts the Chromium in a version of the package chrome-aws-lambda, which holds its libraries too unless its version
 * is Chromium's.
 */
export async function launchOldChromium(packageVersion: string): Promise<BrowserDriver> {
  const libraries = Number.parseInt(packageVersion, 10) < 60 ? ['bin/aws.tar.br'] : [];
  const directory = cachedPackage('chrome-aws-lambda', packageVersion, ['bin/chromium.br', ...libraries]);
  const port = await freePort();
  const browser = new BrowserProcess(
    join(directory, 'bin/chromium'),
    (profile) => [...switches, `--remote-debugging-port=${port}`, `--user-data-dir=${profile}`, 'about:blank'],
    { LD_LIBRARY_PATH: join(directory, 'lib') },
  );
  const page = await connectToPage(browser, port).catch(async (error: unknown) => {
    await browser.stop();
    throw error;
  });
  return {
    async goto(url) {
      const loaded = page.event('Page.loadEventFired');
      await page.run('Page.navigate', { url });
      await loaded;
    },
    async evaluate(expression) {
      const { result, exceptionDetails } = await page.run('Runtime.evaluate', { expression, returnByValue: true });
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value?: unknown }).value;
    },
    async addInitScript(source) {
      await page.run('Page.addScriptToEvaluateOnNewDocument', { source });
    },
    async disableScripts() {
      await page.run('Emulation.setScriptExecutionDisabled', { value: true });
    },
    async close() {
      page.close();
      await browser.stop();
    },
  };
}

async function connectToPage(browser: BrowserProcess, port: number): Promise<CommandSocket> {
  const target = await until(
    async () => {
      browser.assertRunning();
      const response = await fetch(`http://127.0.0.1:${port}/json/list`).catch(() => null);
      const targets = ((await response?.json()) ?? []) as { type: string; webSocketDebuggerUrl: string }[];
      return targets.find(({ type }) => type === 'page');
    },
    'Chromium opens a page',
    60_000,
  );
  const page = await CommandSocket.connect(target.webSocketDebuggerUrl);
  await page.run('Page.enable');
  return page;
}
