import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './until.ts';

const checkout: readonly string[] = [join(import.meta.dirname, '../../bin/clock')];

export interface ClockProcess extends AsyncDisposable {
  /** `http://127.0.0.1:port`; empty for roles without a server. */
  url: string;
  port: number;
  /** Where the checkout's command serves what operators ask for; NaN for another command. */
  internalPort: number;
  pid: number;
  dataDir: string;
  /** The log so far, a parsed line each. */
  log: LogLine[];
  /** Asks what operators and probes ask. */
  ask(path: string): Promise<Response>;
  /** The sum of a metric over its labels; NaN when there is none of that name. */
  metric(name: string): Promise<number>;
  /** The password that `clock all` made for `admin`. */
  adminPassword(): string;
  /** Waits for a log line of that message. */
  logged(message: string, limitMs?: number): Promise<LogLine>;
  /** Reads its log no more, as a pipe does whose reader has gone. */
  closeLog(): void;
  kill(signal: NodeJS.Signals): void;
  /** Exit code, or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals>;
  /** SIGTERM, and SIGKILL if it is still there after 10 s; resolves to how it ended. */
  stop(): Promise<number | NodeJS.Signals>;
}

interface StartOptions {
  env?: Record<string, string>;
  /** What `clock` is called as, the checkout's unless given; it may stand behind a program that runs it. */
  command?: readonly string[];
}

interface LogLine {
  level: string;
  msg: string;
  [field: string]: unknown;
}

const readyMessage: Record<string, RegExp> = {
  all: /^the clock is at /,
  web: /^listening$/,
  worker: /^started$/,
  beat: /^started$/,
};

/** What a process is started with beside the test's own environment, which must not leak into it. */
function environmentOf(given: Record<string, string>): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...given };
}

/** Starts a role as a process of its own, with port 0 where it serves, and waits until it says that it runs. */
export async function startClock(
  args: readonly string[],
  options: StartOptions & { dataDir?: string } = {},
): Promise<ClockProcess> {
  const [role = ''] = args;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'clock-test-'));
  const serves = role === 'web' || role === 'all';
  const ownArgs = [
    ...(serves && !args.includes('--port') ? ['--port', '0'] : []),
    ...(options.command === undefined ? ['--internal-port', '0'] : []),
    ...(role === 'all' && !args.includes('--data-dir') ? ['--data-dir', dataDir] : []),
  ];
  const [file = '', ...first] = options.command ?? checkout;
  const child = spawn(file, [...first, ...args, ...ownArgs], {
    env: environmentOf(options.env ?? {}),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const log: LogLine[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => log.push(JSON.parse(line)));
  const exited = exitOf(child);

  const started = until(
    () => log.find(({ msg }) => readyMessage[role]?.test(msg)),
    `clock ${args.join(' ')} says that it runs`,
    15_000,
  );
  const ended = exited.then((how) => {
    throw new Error(`clock ${args.join(' ')} ended with ${how}: ${errors.join('')}`);
  });
  const line = await Promise.race([started, ended]).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  ended.catch(() => {});
  const port = typeof line['port'] === 'number' ? line['port'] : 0;
  const internalPort = Number(log.find(({ msg }) => msg === 'internal server listening')?.['port']);

  const ask = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${internalPort}${path}`);
  const stop = async (): Promise<number | NodeJS.Signals> => {
    child.kill('SIGCONT');
    child.kill('SIGTERM');
    const force = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const how = await exited;
    clearTimeout(force);
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    return how;
  };
  return {
    url: port === 0 ? '' : `http://127.0.0.1:${port}`,
    port,
    internalPort,
    pid: child.pid ?? 0,
    dataDir,
    log,
    ask,
    metric: async (name) => {
      const text = await (await ask('/metrics')).text();
      const lines = text.split('\n').filter((one) => one.startsWith(`${name} `) || one.startsWith(`${name}{`));
      return lines.length === 0 ? Number.NaN : lines.reduce((sum, one) => sum + Number(one.split(' ').at(-1)), 0);
    },
    adminPassword: () => readFileSync(join(dataDir, 'admin-password'), 'utf8').trim(),
    logged: (message, limitMs) =>
      until(() => log.find(({ msg }) => msg === message), `the log of ${role} says "${message}"`, limitMs),
    closeLog: () => child.stdout.destroy(),
    kill: (signal) => child.kill(signal),
    exited,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** Runs a command to its end; nobody reads what is `closed`, as in a pipe whose reader has gone. */
export async function runClock(
  args: readonly string[],
  options: StartOptions & { stdin?: string; closed?: 'stdout' | 'stderr' } = {},
): Promise<{ exit: number | NodeJS.Signals; stdout: string; stderr: string }> {
  const [file = '', ...first] = options.command ?? checkout;
  const child = spawn(file, [...first, ...args], { env: environmentOf(options.env ?? {}), stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  if (options.closed !== undefined) child[options.closed].destroy();
  child.stdin.end(options.stdin ?? '');
  return { exit: await exitOf(child), ...output };
}

function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
}
