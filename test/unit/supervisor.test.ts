import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/lifecycle.ts';
import type { Child, ChildListener } from '../../src/supervisor/child-process.ts';
import { begin, step, type Event, type Step } from '../../src/supervisor/machine.ts';
import type { ToChild } from '../../src/supervisor/messages.ts';
import { Supervisor } from '../../src/supervisor/supervisor.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const killed = { code: null, signal: 'SIGKILL', error: null } as const;
const exited = (code: number) => ({ code, signal: null, error: null });

/** A child that does what a test says. */
class FakeChild implements Child {
  readonly pid = 1;
  readonly received: string[] = [];
  readonly listener: ChildListener;

  constructor(listener: ChildListener) {
    this.listener = listener;
  }

  listens(): void {
    this.listener.onMessage({ kind: 'listening', unready: null });
  }

  send({ kind }: ToChild): void {
    this.received.push(kind);
  }

  kill(signal: string): void {
    this.received.push(signal);
  }
}

function supervised(count: number) {
  const clock = new VirtualClock(1_000);
  /** Thrown by each start of a child, unless null. */
  const system = { failure: null as Error | null };
  const children: FakeChild[] = [];
  const { log, lines } = recordedLog();
  const supervisor = new Supervisor({
    count,
    spawn: (listener) => {
      if (system.failure !== null) throw system.failure;
      const child = new FakeChild(listener);
      children.push(child);
      return child;
    },
    onMessage: () => {},
    onExit: () => {},
    log,
    now: () => clock.now,
    schedule: (run, delayMs) => clock.schedule(run, delayMs),
  });
  const child = (index: number): FakeChild => children[index] as FakeChild;
  return { supervisor, children, child, clock, lines, system };
}

async function started(count: number) {
  const all = supervised(count);
  const starting = all.supervisor.start();
  for (const child of all.children) child.listens();
  await starting;
  return all;
}

describe('a supervisor', () => {
  test('has started when all children listen', async () => {
    const { supervisor, child, clock } = supervised(2);
    let hasStarted = false;
    const starting = supervisor.start().then(() => (hasStarted = true));
    child(1).listens();
    await clock.pass(0);
    expect([hasStarted, supervisor.listening]).toEqual([false, 1]);
    child(0).listens();
    await starting;
    expect(supervisor.listening).toBe(2);
  });

  test('does not start if a child fails, and passes its error on after it has asked the others to stop', async () => {
    const { supervisor, child } = supervised(3);
    const starting = supervisor.start();
    child(0).listens();
    child(1).listener.onMessage({ kind: 'failed', message: '--tls-cert: missing', stack: '', exitCode: 2 });
    child(1).listener.onExit(exited(2));
    child(2).listener.onMessage({ kind: 'failed', message: 'another line', stack: '', exitCode: 1 });
    child(2).listener.onExit(exited(1));
    await expect(starting).rejects.toThrow(new UserError('--tls-cert: missing', 2));
    expect(child(0).received).toEqual(['stop']);
    const stopping = supervisor.stop();
    child(0).listener.onExit(exited(0));
    await stopping;
  });

  test('says how a child ended that gave no reason', async () => {
    const { supervisor, child } = supervised(1);
    const starting = supervisor.start();
    child(0).listener.onExit(killed);
    await expect(starting).rejects.toThrow(new UserError('a web process ended: SIGKILL', 1));
  });

  test('replaces a child that ends, with a delay that doubles up to 30 s', async () => {
    const { supervisor, children, clock, lines } = await started(2);
    const delays: number[] = [];
    for (let count = 0; count < 9; count += 1) {
      const before = clock.now;
      const { length } = children;
      children.at(-1)?.listener.onExit(killed);
      while (children.length === length) await clock.pass(10);
      delays.push(clock.now - before);
    }
    expect(delays).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(lines[0]).toMatchObject({ msg: 'a web process ended; another one replaces it', delayMs: 250 });
    expect(supervisor.replaced).toBe(lines.length);
  });

  test('logs why a replacement does not start, with the stack of an unexpected error', async () => {
    const { child, clock, lines } = await started(1);
    child(0).listener.onExit(killed);
    await clock.pass(250);
    child(1).listener.onMessage({ kind: 'failed', message: '--tls-cert: missing', stack: '', exitCode: 2 });
    child(1).listener.onExit(exited(2));
    await clock.pass(500);
    child(2).listener.onMessage({ kind: 'failed', message: 'unexpected', stack: 'at main.js:1', exitCode: null });
    child(2).listener.onExit(exited(1));
    expect(lines).toMatchObject([
      { reason: 'a web process ended: SIGKILL' },
      { reason: '--tls-cert: missing' },
      { err: { message: 'unexpected', stack: 'at main.js:1' } },
    ]);
  });

  test('retries with the same delays if the system cannot start a process', async () => {
    const { supervisor, children, child, clock, lines, system } = await started(1);
    system.failure = new Error('spawn ENOMEM');
    child(0).listener.onExit(killed);
    await clock.pass(250 + 500 + 1_000);
    expect(lines.map(({ delayMs }) => delayMs)).toEqual([250, 500, 1_000, 2_000]);
    expect(lines[3]).toMatchObject({ reason: 'cannot start a web process: spawn ENOMEM' });
    system.failure = null;
    await clock.pass(2_000);
    child(1).listens();
    expect([children.length, supervisor.listening]).toEqual([2, 1]);
  });

  test('does not start if the system cannot start a process, and asks those that run to stop', async () => {
    const { supervisor, child, system } = supervised(2);
    const starting = supervisor.start();
    system.failure = new Error('spawn ENOMEM');
    child(0).listener.onExit(killed);
    await expect(starting).rejects.toThrow('SIGKILL');
    expect(child(1).received).toEqual(['stop']);
    const failing = supervised(2);
    failing.system.failure = new Error('spawn ENOMEM');
    const failure = new UserError('cannot start a web process: spawn ENOMEM', 1);
    await expect(failing.supervisor.start()).rejects.toThrow(failure);
    await failing.supervisor.stop();
  });

  test('kills a replacement that has not started within two minutes, and replaces it', async () => {
    const { supervisor, child, clock, lines } = await started(1);
    child(0).listener.onExit(killed);
    await clock.pass(250 + 119_999);
    expect(child(1).received).toEqual([]);
    await clock.pass(1);
    expect(child(1).received).toEqual(['SIGKILL']);
    expect(lines.at(-1)).toMatchObject({ child: 1, msg: expect.stringMatching(/^a web process did not start within/) });
    child(1).listener.onExit(killed);
    await clock.pass(500);
    child(2).listens();
    await clock.pass(300_000);
    expect([child(2).received, supervisor.listening]).toEqual([[], 1]);
  });

  test('does not limit the time of the first start, and has no timer after it stopped', async () => {
    const { supervisor, child, clock } = supervised(1);
    const starting = supervisor.start();
    await clock.pass(300_000);
    child(0).listens();
    await starting;
    child(0).listener.onExit(killed);
    await clock.pass(250);
    const stopping = supervisor.stop();
    child(1).listener.onExit(killed);
    await stopping;
    await clock.pass(300_000);
    expect([child(0).received, child(1).received]).toEqual([[], ['stop']]);
  });

  test('begins with the shortest delay again after a child has listened for a minute', async () => {
    const { children, clock, lines } = await started(1);
    children[0]?.listener.onExit(killed);
    await clock.pass(250);
    children[1]?.listens();
    await clock.pass(59_000);
    children[1]?.listener.onExit(killed);
    await clock.pass(500);
    children[2]?.listens();
    await clock.pass(60_000);
    children[2]?.listener.onExit(killed);
    expect(lines.map(({ delayMs }) => delayMs)).toEqual([250, 500, 250]);
  });

  test('stops when all children have ended, and replaces none any more', async () => {
    const { supervisor, children, child, clock } = await started(2);
    child(0).listener.onExit(killed);
    const stopping = supervisor.stop();
    expect(child(1).received).toEqual(['stop']);
    child(1).listener.onExit(exited(0));
    await stopping;
    await clock.pass(60_000);
    expect(children).toHaveLength(2);
  });

  test.each([
    [exited(1), 'exit code 1'],
    [killed, 'SIGKILL'],
  ])('fails to stop if a child does, and says how: %j', async (exit, how) => {
    const { supervisor, child } = await started(2);
    const stopping = supervisor.stop();
    child(0).listener.onExit(exit);
    child(1).listener.onExit(exited(0));
    await expect(stopping).rejects.toThrow(`a web process did not stop as it should: ${how}`);
  });

  test('can be stopped while it starts', async () => {
    const { supervisor, child } = supervised(1);
    const starting = supervisor.start();
    const stopping = supervisor.stop();
    await starting;
    child(0).listener.onExit(exited(0));
    await stopping;
    expect(child(0).received).toEqual(['stop']);
  });

  test('counts a child that a signal ends as stopped, if it did not listen yet when it had to stop', async () => {
    const { supervisor, child } = supervised(2);
    const starting = supervisor.start();
    supervisor.requestStop();
    await starting;
    child(0).listener.onExit(killed);
    child(1).listener.onExit(exited(0));
    await supervisor.stop();
    expect(child(1).received).toEqual(['stop']);
  });

  test('sends a signal only to a child that listens, since another one does not handle it yet', async () => {
    const { supervisor, child, clock } = await started(2);
    child(1).listener.onExit(killed);
    await clock.pass(250);
    for (const slot of [0, 1]) supervisor.kill(slot, 'SIGHUP');
    expect([child(0).received, child(2).received]).toEqual([['SIGHUP'], []]);
  });

  test('kills its children when the parent exits before they have stopped, and not after', async () => {
    const before = process.listenerCount('exit');
    const { supervisor, child } = await started(1);
    const [killAll] = process.listeners('exit').slice(before);
    killAll?.(1);
    expect(child(0).received).toEqual(['SIGKILL']);
    const stopping = supervisor.stop();
    child(0).listener.onExit(exited(0));
    await stopping;
    expect(process.listenerCount('exit')).toBe(before);
  });
});

test('an event that does not fit the state of its child changes nothing', () => {
  const exit = { code: 0, signal: null, failure: null };
  const events: Event[] = [
    { kind: 'listening', slot: 0, now: 0 },
    { kind: 'listening', slot: 0, now: 1 },
    { kind: 'delay-over', slot: 0 },
    { kind: 'exited', slot: 7, now: 2, exit },
  ];
  const [state] = events.slice(0, 1).reduce<Step>(([before], event) => step(before, event), begin(1));
  for (const event of events.slice(1)) expect(step(state, event)).toEqual([state, []]);
});
