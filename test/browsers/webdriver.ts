import { until } from '../support/until.ts';
import type { BrowserProcess } from '../support/browser-process.ts';
import type { BrowserDriver } from '../support/browser-driver.ts';

interface Dialect {
  /** The body that creates a session. */
  newSession: object;
  /** The route that runs a script, and the script that evaluates an expression in the page. */
  execute: { route: string; script: (expression: string) => string };
}

/** Opens a session with a WebDriver server on that port; closing it also stops `processes`, in that order. */
export async function webDriver(
  port: number,
  { newSession, execute }: Dialect,
  processes: readonly BrowserProcess[],
): Promise<BrowserDriver> {
  const run = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<unknown> => {
    const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, init);
    const answer = (await response.json()) as { value: unknown; sessionId?: string; status?: number };
    if (!response.ok || (answer.status ?? 0) !== 0) throw new Error(`${method} ${path}: ${JSON.stringify(answer)}`);
    return path === '/session' ? (answer.sessionId ?? (answer.value as { sessionId: string }).sessionId) : answer.value;
  };
  const stop = async (): Promise<void> => {
    for (const one of processes) await one.stop();
  };
  const create = async (): Promise<string> => {
    await until(
      async () => {
        for (const one of processes) one.assertRunning();
        return run('GET', '/status').then(
          () => true,
          () => false,
        );
      },
      'the WebDriver server answers',
      60_000,
      50,
    );
    return `/session/${String(await run('POST', '/session', newSession))}`;
  };
  const session = await create().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    async goto(url) {
      await run('POST', `${session}/url`, { url });
    },
    evaluate: (expression) =>
      run('POST', `${session}/${execute.route}`, { script: execute.script(expression), args: [] }),
    addInitScript: null,
    disableScripts: null,
    async close() {
      await run('DELETE', session).catch(() => {});
      await stop();
    },
  };
}
