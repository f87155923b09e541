import { spawn } from 'node:child_process';
import { isExecutable } from '../executable.ts';
import { parseToParent, type ToChild, type ToParent } from './messages.ts';
import { portVariable } from './parent-channel.ts';

/** A running child process. */
export interface Child {
  readonly pid: number | undefined;
  /** Does nothing if the child has ended. */
  send(message: ToChild): void;
  kill(signal: NodeJS.Signals): void;
}

export interface ChildListener {
  onMessage(message: ToParent): void;
  /** Called once, after the last message. `error`: the process could not be started. */
  onExit(exit: { code: number | null; signal: string | null; error: Error | null }): void;
}

/**
 * Starts this program again with the same arguments, as a web process that shares `port`. Not by `node:cluster`: it
 * passes connections on to `node:net`, which uWebSockets.js does not use, and ends a child that loses its parent.
 */
export function spawnChild(port: number, { onMessage, onExit }: ChildListener): Child {
  const [, script = '', ...args] = process.argv;
  // The released executable contains its script and repeats its own path in place of it.
  const child = spawn(process.execPath, isExecutable() ? args : [...process.execArgv, script, ...args], {
    env: { ...process.env, [portVariable]: String(port) },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // JSON has no NaN, which is the value of a metric that is unknown.
    serialization: 'advanced',
  });
  child.on('message', (value) => {
    const message = parseToParent(value);
    if (message !== null) onMessage(message);
  });
  // Not `exit`, which may come before the last messages.
  if (child.pid !== undefined) child.once('close', (code, signal) => onExit({ code, signal, error: null }));
  child.on('error', (error) => {
    // Also emitted if a message or signal cannot be sent, to a process that has ended.
    if (child.pid === undefined) onExit({ code: null, signal: null, error });
  });
  return {
    pid: child.pid,
    send: (message) => {
      if (child.connected) child.send(message, () => {});
    },
    kill: (signal) => {
      child.kill(signal);
    },
  };
}
