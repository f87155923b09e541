import { until } from './until.ts';

/** Waits until `/ready` is 200: on a busy machine web may start before Redis answers and accounts exist. */
export async function waitUntilReady(ask: (path: string) => Promise<{ status: number }>): Promise<void> {
  await until(async () => (await ask('/ready')).status === 200, '/ready is 200');
}
