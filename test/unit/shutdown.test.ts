import { EventEmitter } from 'node:events';
import { describe, expect, test, vi } from 'vitest';
import { Shutdown } from '../../src/shutdown.ts';
import { recordedLog } from '../support/recorded-log.ts';

function shutdownOn() {
  const events = new EventEmitter();
  const { log, lines } = recordedLog();
  return { events, lines, shutdown: new Shutdown(log, null, events) };
}

describe('shutdown', () => {
  test.each(['SIGTERM', 'SIGINT'])('begins on %s, with exit code 0', (signal) => {
    const { events, lines, shutdown } = shutdownOn();
    events.emit(signal);
    expect(shutdown.signal.aborted).toBe(true);
    expect(shutdown.exitCode).toBe(0);
    expect(lines).toMatchObject([{ msg: 'stopping', signal }]);
  });

  test('does not begin on SIGHUP, which has a listener', () => {
    const { events, shutdown } = shutdownOn();
    expect(events.emit('SIGHUP')).toBe(true);
    expect(shutdown.signal.aborted).toBe(false);
  });

  test('begins on an uncaught error, with one fatal line and exit code 1', () => {
    const { events, lines, shutdown } = shutdownOn();
    events.emit('uncaughtException', new Error('nothing expects this'));
    events.emit('uncaughtException', new Error('nor this'));
    expect(shutdown.signal.aborted).toBe(true);
    expect(shutdown.exitCode).toBe(1);
    const fatal = lines.filter(({ level }) => level === 60);
    expect(fatal).toMatchObject([{ msg: 'uncaught error: stopping', err: { message: 'nothing expects this' } }]);
  });

  test('continues on the first signal after an uncaught error, and exits on the second', () => {
    const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
    const { events } = shutdownOn();
    events.emit('uncaughtException', new Error('nothing expects this'));
    events.emit('SIGTERM');
    expect(exit).not.toHaveBeenCalled();
    events.emit('SIGINT');
    expect(exit).toHaveBeenCalledWith(1);
    exit.mockRestore();
  });

  test('has exit code 1 if an error is not caught while it stops', () => {
    const { events, shutdown } = shutdownOn();
    events.emit('SIGTERM');
    events.emit('uncaughtException', new Error('nothing expects this'));
    expect(shutdown.exitCode).toBe(1);
  });
});
