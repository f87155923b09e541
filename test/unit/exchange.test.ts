import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Exchange } from '../../src/supervisor/exchange.ts';
import type { MetricsSnapshot } from '../../src/metrics-total.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function counted(value: number): MetricsSnapshot {
  const counter = { name: 'count', help: '', type: 'counter', aggregator: 'sum', values: [{ value, labels: {} }] };
  const gauge = { ...counter, name: 'gauge', type: 'gauge' };
  return [counter, gauge] as unknown as MetricsSnapshot;
}

/** An exchange with two processes, of which those in `answering` answer. */
function exchangeOfTwo() {
  const answering = new Set([0, 1]);
  const events: string[] = [];
  const exchange = new Exchange({
    ask: (slot) => {
      if (!answering.has(slot)) return;
      exchange.onResponse(slot);
      exchange.onMetrics(slot, counted(slot + 1));
    },
    onResponsive: (slot, isResponsive) => events.push(`${slot} ${isResponsive ? 'responds' : 'does not respond'}`),
    onLost: (slot) => events.push(`${slot} is lost`),
  });
  exchange.add(0);
  exchange.add(1);
  const poll = async (): Promise<void> => {
    const polled = exchange.poll();
    await vi.advanceTimersByTimeAsync(2_000);
    await polled;
  };
  const valuesOf = async (): Promise<(number | undefined)[]> => {
    const total = exchange.total([]);
    await vi.advanceTimersByTimeAsync(2_000);
    return (await total).map(({ values }) => values[0]?.value);
  };
  return { exchange, answering, events, poll, valuesOf };
}

describe('the exchange of a parent with its processes', () => {
  test('reports a process that left three polls unanswered, once, and once when it answers again', async () => {
    const { exchange, answering, events, poll } = exchangeOfTwo();
    answering.delete(1);
    for (let count = 0; count < 3; count += 1) await poll();
    expect([events, exchange.unresponsive]).toEqual([[], 0]);
    for (let count = 0; count < 3; count += 1) await poll();
    expect([events, exchange.unresponsive]).toEqual([['1 does not respond'], 1]);
    expect([exchange.isResponsive(0), exchange.isResponsive(1)]).toEqual([true, false]);
    answering.add(1);
    for (let count = 0; count < 3; count += 1) await poll();
    expect([events, exchange.unresponsive]).toEqual([['1 does not respond', '1 responds'], 0]);
  });

  test('reports a process that left ten polls unanswered as lost, once', async () => {
    const { answering, events, poll } = exchangeOfTwo();
    answering.delete(0);
    for (let count = 0; count < 10; count += 1) await poll();
    expect(events).toEqual(['0 does not respond']);
    for (let count = 0; count < 5; count += 1) await poll();
    expect(events).toEqual(['0 does not respond', '0 is lost']);
  });

  test('does not count scrapes, however many there are', async () => {
    const { exchange, answering, events, valuesOf } = exchangeOfTwo();
    answering.delete(1);
    for (let count = 0; count < 20; count += 1) await valuesOf();
    expect([events, exchange.unresponsive]).toEqual([[], 0]);
  });

  test('begins anew with the process that replaces another one', async () => {
    const { exchange, answering, events, poll } = exchangeOfTwo();
    answering.delete(1);
    for (let count = 0; count < 5; count += 1) await poll();
    exchange.remove(1);
    exchange.add(1);
    expect(exchange.unresponsive).toBe(0);
    for (let count = 0; count < 3; count += 1) await poll();
    expect(events).toEqual(['1 does not respond']);
  });

  test('waits a second for a process that does not answer, and not for one that does not respond', async () => {
    const { exchange, answering, poll } = exchangeOfTwo();
    answering.delete(1);
    let isDone = false;
    const waited = exchange.total([]).then(() => (isDone = true));
    await vi.advanceTimersByTimeAsync(999);
    expect(isDone).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await waited;
    for (let count = 0; count < 5; count += 1) await poll();
    await exchange.total([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('keeps the counts of a process that ended, and not its gauges', async () => {
    const { exchange, valuesOf } = exchangeOfTwo();
    expect(await valuesOf()).toEqual([3, 3]);
    exchange.remove(1);
    expect(await valuesOf()).toEqual([3, 1]);
    exchange.add(1);
    expect(await valuesOf()).toEqual([5, 3]);
  });

  test('ends its wait when it stops', async () => {
    const { exchange, answering } = exchangeOfTwo();
    answering.clear();
    const polled = exchange.poll();
    exchange.stop();
    await polled;
    expect(vi.getTimerCount()).toBe(0);
  });
});
