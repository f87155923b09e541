import { existsSync } from 'node:fs';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';
import { BrowserProcess } from '../support/browser-process.ts';
import type { BrowserDriver } from '../support/browser-driver.ts';
import { webDriver } from './webdriver.ts';

/** Starts WebKitGTK's own small browser on a virtual display. */
export async function launchWebKit(): Promise<BrowserDriver> {
  const [port, display] = [await freePort(), await freePort()];
  const screen = new BrowserProcess('Xvfb', () => [`:${display}`, '-nolisten', 'tcp']);
  const server = new BrowserProcess('WebKitWebDriver', () => [`--port=${port}`], {
    DISPLAY: `:${display}`,
    GDK_BACKEND: 'x11',
    LIBGL_ALWAYS_SOFTWARE: '1',
  });
  const ready = (): boolean => (screen.assertRunning(), existsSync(`/tmp/.X11-unix/X${display}`));
  await until(ready, 'Xvfb opens its display', 60_000).catch(async (error: unknown) => {
    await server.stop();
    await screen.stop();
    throw error;
  });
  const execute = { route: 'execute/sync', script: (expression: string) => `return ${expression}` };
  const newSession = { capabilities: { alwaysMatch: {} } };
  return webDriver(port, { newSession, execute }, [server, screen]);
}
