import { describe, expect, test } from 'vitest';
import { run, stopAll, type Service } from '../../src/lifecycle.ts';
import { recordedLog } from '../support/recorded-log.ts';

/** Services that record their starts and stops. */
function recordedServices(names: readonly string[], faults: { start?: string; stop?: string; hang?: string } = {}) {
  const events: string[] = [];
  const services = names.map((name): Service => ({
    name,
    start: async () => {
      events.push(`start ${name}`);
      if (faults.start === name) throw new Error(`${name} does not start`);
    },
    stop: async () => {
      events.push(`stop ${name}`);
      if (faults.stop === name) throw new Error(`${name} does not stop`);
      if (faults.hang === name) await new Promise(() => {});
    },
  }));
  return { events, services };
}

describe('a role', () => {
  test('starts its services in order and stops them in reverse order', async () => {
    const { events, services } = recordedServices(['a', 'b', 'c']);
    const stopping = new AbortController();
    const { log } = recordedLog();
    const onStarted = (): void => {
      events.push('started');
      stopping.abort();
    };
    const shutdown = { signal: stopping.signal, exitCode: 0 as const };
    expect(await run(services, { shutdown, graceMs: 1_000, onStarted, log })).toBe(0);
    expect(events).toEqual(['start a', 'start b', 'start c', 'started', 'stop c', 'stop b', 'stop a']);
  });

  test('stops the services that had started if one fails to start, and rethrows the error', async () => {
    const { events, services } = recordedServices(['a', 'b', 'c'], { start: 'b' });
    const { log, lines } = recordedLog();
    const shutdown = { signal: new AbortController().signal, exitCode: 0 as const };
    const running = run(services, { shutdown, graceMs: 1_000, onStarted: () => {}, log });
    await expect(running).rejects.toThrow('b does not start');
    expect(lines).toEqual([]);
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  test('exits with the code of the shutdown', async () => {
    const { log } = recordedLog();
    const shutdown = { signal: AbortSignal.abort(), exitCode: 1 as const };
    expect(await run([], { shutdown, graceMs: 1_000, onStarted: () => {}, log })).toBe(1);
  });

  test('exits with 1 if a service fails to stop', async () => {
    const { services } = recordedServices(['a'], { stop: 'a' });
    const shutdown = { signal: AbortSignal.abort(), exitCode: 0 as const };
    expect(await run(services, { shutdown, graceMs: 1_000, onStarted: () => {}, log: recordedLog().log })).toBe(1);
  });

  test('starts no further service once it has to stop', async () => {
    const { events, services } = recordedServices(['a', 'b']);
    const { log } = recordedLog();
    const running = run(services, {
      shutdown: { signal: AbortSignal.abort(), exitCode: 0 },
      graceMs: 1_000,
      onStarted: () => events.push('started'),
      log,
    });
    expect(await running).toBe(0);
    expect(events).toEqual(['stop b', 'stop a']);
  });

  test('exits with 1 when its grace period is over', async () => {
    const { services } = recordedServices(['a', 'b'], { hang: 'b' });
    const { log, lines } = recordedLog();
    const stopping = new AbortController();
    const onStarted = (): void => stopping.abort();
    const shutdown = { signal: stopping.signal, exitCode: 0 as const };
    expect(await run(services, { shutdown, graceMs: 20, onStarted, log })).toBe(1);
    expect(lines.at(-1)?.msg).toMatch(/^grace period over/);
  });
});

test('a service that fails to stop is logged, and the others are stopped', async () => {
  const { events, services } = recordedServices(['a', 'b', 'c'], { stop: 'b' });
  const { log, lines } = recordedLog();
  expect(await stopAll(services, log)).toBe(false);
  expect(events).toEqual(['stop c', 'stop b', 'stop a']);
  expect(lines.map(({ service }) => service)).toEqual(['b']);
});
