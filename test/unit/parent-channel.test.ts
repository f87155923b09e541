import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { UserError } from '../../src/lifecycle.ts';
import { ChildReport } from '../../src/supervisor/child-report.ts';
import { Exchange } from '../../src/supervisor/exchange.ts';
import {
  failedMessage,
  parseToChild,
  parseToParent,
  reportedError,
  type ToParent,
} from '../../src/supervisor/messages.ts';
import { ParentChannel, portVariable } from '../../src/supervisor/parent-channel.ts';

const state = { kind: 'state', isStarting: false, unready: 'redis-down', utc: null, utcAlarm: null } as const;

/** The `process` of a child. */
class FakeProcess extends EventEmitter {
  connected = true;
  readonly sent: ToParent[] = [];

  send = (message: ToParent, _handle: unknown, _options: unknown, onSent: (error: Error | null) => void): boolean => {
    this.sent.push(message);
    onSent(null);
    return true;
  };

  parentEnds(): void {
    this.connected = false;
    this.emit('disconnect');
  }
}

function channelOf(child = new FakeProcess()) {
  const parent = ParentChannel.open({ [portVariable]: '8000' }, child as unknown as NodeJS.Process);
  if (parent === null) throw new Error('a child has a parent');
  return { parent, child };
}

describe('the channel to the parent', () => {
  test('exists only with the variable and a channel', () => {
    const { send: _, ...alone } = new FakeProcess();
    expect(channelOf().parent.port).toBe(8_000);
    expect(ParentChannel.open({}, new FakeProcess() as unknown as NodeJS.Process)).toBeNull();
    expect(ParentChannel.open({ [portVariable]: '8000' }, alone as unknown as NodeJS.Process)).toBeNull();
  });

  test('stops the child on request, when the parent ends, and if it ended before', () => {
    const [requested, ended] = [channelOf(), channelOf()];
    const stopped: string[] = [];
    requested.parent.onStop(() => stopped.push('requested'));
    requested.child.emit('message', { kind: 'stop' });
    ended.parent.onStop(() => stopped.push('ended'));
    ended.child.parentEnds();
    ended.parent.onStop(() => stopped.push('ended before'));
    expect(stopped).toEqual(['requested', 'ended', 'ended before']);
  });

  test('is starting until the parent sends its state', () => {
    const { parent, child } = channelOf();
    expect(parent.state).toMatchObject({ isStarting: true, unready: 'starting' });
    child.emit('message', state);
    expect(parent.state).toEqual(state);
  });

  test('says whether a line of the audit could be sent', async () => {
    const { parent, child } = channelOf();
    expect(await parent.audit({ audit: 'pair' }, 'an operator acted')).toBe(true);
    child.parentEnds();
    expect(await parent.audit({ audit: 'pair' }, 'an operator acted')).toBe(false);
    expect(child.sent).toEqual([{ kind: 'audit', fields: { audit: 'pair' }, message: 'an operator acted' }]);
  });
});

describe('the report of a child', () => {
  afterEach(() => void vi.useRealTimers());

  test('says that it listens, what changes in its readiness, and nothing after it stopped', async () => {
    vi.useFakeTimers();
    const { parent, child } = channelOf();
    let reason: string | null = 'redis-down';
    const report = new ChildReport({ parent, unready: () => reason, snapshot: async () => [] });
    await report.start();
    await vi.advanceTimersByTimeAsync(1_000);
    reason = null;
    await vi.advanceTimersByTimeAsync(1_000);
    child.emit('message', { kind: 'ask' });
    await vi.advanceTimersByTimeAsync(0);
    reason = 'draining';
    await report.stop();
    expect(child.sent).toEqual([
      { kind: 'listening', unready: 'redis-down' },
      { kind: 'unready', reason: null },
      { kind: 'responding' },
      { kind: 'metrics', snapshot: [] },
      { kind: 'unready', reason: 'draining' },
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('keeps it responsive while its metrics wait for Redis', async () => {
    vi.useFakeTimers();
    const { parent, child } = channelOf();
    const report = new ChildReport({ parent, unready: () => null, snapshot: () => new Promise(() => {}) });
    const events: string[] = [];
    const exchange = new Exchange({
      ask: () => child.emit('message', { kind: 'ask' }),
      onResponsive: () => events.push('does not respond'),
      onLost: () => events.push('is lost'),
    });
    await report.start();
    exchange.add(0);
    for (let count = 0; count < 20; count += 1) {
      const polled = exchange.poll();
      await vi.advanceTimersByTimeAsync(2_000);
      await polled;
      for (const { kind } of child.sent.splice(0)) if (kind === 'responding') exchange.onResponse(0);
    }
    await report.stop();
    expect([events, exchange.unresponsive]).toEqual([[], 0]);
  });
});

describe('messages', () => {
  test.each([null, 'stop', { kind: 'go' }, { ...state, isStarting: 1 }, { ...state, unready: 1 }])(
    'to a child are checked: %j',
    (value) => {
      expect(parseToChild(value)).toBeNull();
    },
  );

  test.each([
    undefined,
    { kind: 'unready', reason: 3 },
    { kind: 'metrics', snapshot: {} },
    { kind: 'audit', message: 'no fields' },
    { kind: 'failed', message: 'no stack' },
  ])('to the parent are checked: %j', (value) => {
    expect(parseToParent(value)).toBeNull();
  });

  test('carry bounds of UTC, and none that are not complete', () => {
    const utc = { lowMs: 1, highMs: 2, at: 3, isContradiction: false };
    expect(parseToChild({ ...state, utc })).toEqual({ ...state, utc });
    expect(parseToChild({ ...state, utc: { lowMs: 1 } })).toEqual(state);
  });

  test('carry the error that keeps a child from starting', () => {
    const expected = parseToParent(failedMessage(new UserError('--port: in use', 2)));
    expect(expected?.kind === 'failed' && reportedError(expected)).toEqual(new UserError('--port: in use', 2));
    const { message, stack } = new TypeError('unexpected');
    const other = parseToParent(failedMessage(Object.assign(new TypeError(message), { stack })));
    expect(other?.kind === 'failed' && reportedError(other)).toMatchObject({ message, stack });
  });
});
