import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Target } from '../load/load-sockets.ts';

/** A system that delivers a message every 500 ms to its sockets. */
export interface Peer {
  /** As on the command line. */
  id: string;
  /** As in the table, with versions. Throws an error that says what is missing on this machine. */
  describe(): string;
  /** Who may open a socket, and what a handshake costs because of that. */
  access: string;
  /** Where its messages come from. */
  feed: string;
  /** Resolves when it accepts sockets. */
  start(redisUrl: string): Promise<RunningPeer>;
}

export interface RunningPeer {
  target: Target;
  /** The processes that hold the sockets. */
  pids: readonly number[];
  /** Publishes a message, a JSON text. Absent if the system has its own schedule. */
  publish?(text: string): Promise<unknown>;
  /** Starts its own schedule, if it cannot deliver while sockets are opened. Called once they are open. */
  startSchedule?(): Promise<unknown>;
  /** Ends all of its processes. */
  stop(): Promise<unknown>;
}

/** Calls `stop` when the system ends. */
type OnStop = (stop: () => unknown) => void;

/**
 * Starts a system of several parts. `start` passes a function that stops it for each part that runs. They are called in
 * reverse order, also if a later part does not start.
 */
export async function startParts(start: (onStop: OnStop) => Promise<Omit<RunningPeer, 'stop'>>): Promise<RunningPeer> {
  const stops: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const stopOne of stops.toReversed()) await stopOne();
  };
  try {
    return { ...(await start((stopOne) => stops.push(stopOne))), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Text that a bench's message begins with, so that all systems deliver messages of one size. */
export function messageAt(at: number): string {
  const time = new Date(at).toISOString().slice(11, 19);
  return `{"message":{"time":"${time}","at":${at},"seq":${Math.floor(at / 50)}},"channel":"time"}`;
}

const readyWithinMs = 60_000;

/**
 * Starts a process. Resolves when a line of its output or errors matches `ready`; rejects if it ends before, or is not
 * ready within a minute.
 */
export async function startProcess(
  command: readonly string[],
  ready: RegExp,
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<{ child: ChildProcess; pid: number; match: RegExpExecArray }> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { ...options, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on('line', (line) => {
      const match = ready.exec(line);
      if (match !== null) resolve(match);
      if (lines.length < 40) lines.push(line);
    });
  }
  child.once('error', reject);
  child.once('exit', (code, signal) => reject(new Error(`${file} ended with ${code ?? signal}: ${lines.join(' ')}`)));
  child.stdin.on('error', () => {});
  const limit = setTimeout(() => {
    reject(new Error(`${file} was not ready within ${readyWithinMs / 1_000} s: ${lines.join(' ')}`));
    child.kill('SIGKILL');
  }, readyWithinMs);
  const match = await promise.finally(() => clearTimeout(limit));
  return { child, pid: child.pid ?? 0, match };
}

/** Ends a process: SIGTERM, and SIGKILL after 5 s. */
export async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const force = setTimeout(() => child.kill('SIGKILL'), 5_000);
  child.kill('SIGTERM');
  await once(child, 'exit');
  clearTimeout(force);
}
