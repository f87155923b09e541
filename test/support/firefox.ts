import { freePort } from './free-port.ts';
import { until } from './until.ts';
import { BrowserProcess } from './browser-process.ts';
import { CommandSocket } from './command-socket.ts';
import type { BrowserDriver } from './browser-driver.ts';

/** Starts the machine's Firefox and drives it over WebDriver BiDi. */
export async function launchFirefox(): Promise<BrowserDriver> {
  const port = await freePort();
  const browser = new BrowserProcess(
    'firefox-esr',
    (profile) => ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port', String(port)],
    // The crash reporter is a process that would survive the browser.
    { MOZ_CRASHREPORTER_DISABLE: '1' },
  );
  const [socket, context] = await openSession(browser, port).catch(async (error: unknown) => {
    await browser.stop();
    throw error;
  });
  return {
    async goto(url) {
      await socket.run('browsingContext.navigate', { context, url, wait: 'complete' });
    },
    async evaluate(expression) {
      const params = { expression: `JSON.stringify(${expression})`, target: { context }, awaitPromise: false };
      const { result, exceptionDetails } = await socket.run('script.evaluate', params);
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      const { value } = result as { value?: string };
      return value === undefined ? undefined : JSON.parse(value);
    },
    async addInitScript(source) {
      await socket.run('script.addPreloadScript', { functionDeclaration: `() => { ${source} }` });
    },
    disableScripts: null,
    async close() {
      await socket.run('browser.close').catch(() => {});
      socket.close();
      await browser.stop();
    },
  };
}

/** The connection, and the identifier of the browser's only page. */
async function openSession(browser: BrowserProcess, port: number): Promise<[CommandSocket, string]> {
  const socket = await until(
    async () => {
      browser.assertRunning();
      return CommandSocket.connect(`ws://127.0.0.1:${port}/session`).catch(() => null);
    },
    'Firefox accepts commands',
    60_000,
    50,
  );
  await socket.run('session.new', { capabilities: {} });
  const { contexts } = await socket.run('browsingContext.getTree');
  const [page] = contexts as [{ context: string }];
  return [socket, page.context];
}
