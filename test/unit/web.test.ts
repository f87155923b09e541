import { expect, test } from 'vitest';
import { Web, type WebParts } from '../../src/web/web.ts';

type Deliver = (channel: string, frame: Uint8Array) => void;

/** Web over parts that record their calls. `deliver` delivers a tick; an empty frame is one that is not accepted. */
async function recordedWeb() {
  const calls: string[] = [];
  let deliver: Deliver = () => {};
  let last: number | null = null;
  const accept = (frame: Uint8Array): { at: number } | null => {
    if (frame.length === 0) return null;
    last = 990;
    return { at: last };
  };
  const parts: Record<string, object> = {
    config: {},
    backend: { ticks: { subscribe: (given: Deliver) => (deliver = given) }, time: { now: () => 1_000 } },
    hub: { publish: (channel: string) => void calls.push(`publish ${channel}`) },
    lastMessages: { accept, ageMs: () => last },
    housekeeping: { onTick: () => void calls.push('housekeeping') },
  };
  const service = { start: async () => {} };
  const web = new Web(
    new Proxy(parts, { get: (given, name: string) => given[name] ?? service }) as unknown as WebParts,
  );
  await web.start();
  return { web, calls, deliver: (frame: Uint8Array) => deliver('time', frame) };
}

test('a tick is relayed before the housekeeping that it starts; one that is not accepted does neither', async () => {
  const { calls, deliver } = await recordedWeb();
  deliver(new Uint8Array([1]));
  expect(calls).toEqual(['publish time', 'housekeeping']);
  deliver(new Uint8Array());
  expect(calls.length).toBe(2);
});

test('the delay of the first tick is not measured, since it may have been published before the start', async () => {
  const { web, deliver } = await recordedWeb();
  const count = async (): Promise<number | undefined> => {
    const delays = await web.sources.tickDelays?.get();
    return delays?.values.find(({ metricName }) => metricName === 'clock_tick_delay_seconds_count')?.value;
  };
  deliver(new Uint8Array([1]));
  expect(await count()).toBe(0);
  deliver(new Uint8Array([1]));
  expect(await count()).toBe(1);
});
