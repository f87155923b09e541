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
  /** The port for probes and metrics; NaN if `command` is given, since its environment decides. */
  internalPort: number;
  pid: number;
  dataDir: string;
  /** The parsed log lines so far. */
  log: LogLine[];
  /** Sends a GET request to the internal port. */
  ask(path: string): Promise<Response>;
  /** The sum of a metric over all labels; NaN if the process has no such metric. */
  metric(name: string): Promise<number>;
  /** The password that `clock all` generated for `admin`. */
  adminPassword(): string;
  /** Waits for a log line with this message. */
  logged(message: string, limitMs?: number): Promise<LogLine>;
  /** Closes the read end of the process's stdout. */
  closeLog(): void;
  kill(signal: NodeJS.Signals): void;
  /** Resolves to the exit code, or to the signal that ended the process. */
  exited: Promise<number | NodeJS.Signals>;
  /** Sends SIGTERM, and SIGKILL after 30 s. Resolves like `exited`. */
  stop(): Promise<number | NodeJS.Signals>;
}

interface StartOptions {
  env?: Record<string, string>;
  /** The command instead of the checkout's `bin/clock`; may include a wrapper such as `unshare`. */
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

/** Keeps the environment of the tests, PATH and HOME excepted, out of the process. */
function environmentOf(env: Record<string, string>): NodeJS.ProcessEnv {
  const { PATH, HOME } = process.env;
  return { PATH, HOME, ...env };
}

/** Starts a role as a process, on free ports, and waits until its log says that it is ready. */
export async function startClock(
  args: readonly string[],
  options: StartOptions & { dataDir?: string } = {},
): Promise<ClockProcess> {
  const [role = ''] = args;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'clock-test-'));
  const serves = role === 'web' || role === 'all';
  const addedArgs = [
    ...(serves && !args.includes('--port') ? ['--port', '0'] : []),
    ...(options.command === undefined ? ['--internal-port', '0'] : []),
    ...(role === 'all' && !args.includes('--data-dir') ? ['--data-dir', dataDir] : []),
  ];
  const [file = '', ...first] = options.command ?? checkout;
  const child = spawn(file, [...first, ...args, ...addedArgs], {
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
    `clock ${args.join(' ')} logs that it is ready`,
    60_000,
  );
  const ended = exited.then((result) => {
    throw new Error(`clock ${args.join(' ')} ended with ${result}: ${errors.join('')}`);
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
    const force = setTimeout(() => child.kill('SIGKILL'), 30_000);
    const result = await exited;
    clearTimeout(force);
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    return result;
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
      until(() => log.find(({ msg }) => msg === message), `${role} logs "${message}"`, limitMs),
    closeLog: () => child.stdout.destroy(),
    kill: (signal) => child.kill(signal),
    exited,
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
    },
  };
}

/** How a command ended. */
export interface Ended {
  exit: number | NodeJS.Signals;
  stdout: string;
  stderr: string;
}

/** What a command prints if Redis does not answer within `noticeAfterMs`, as on a busy machine. */
const busyNotice = /^clock: waiting for \S+ to answer\n/m;
const noticeAfterMs = 1_000;

/**
 * Runs a command until it exits. `closed` names an output whose read end is closed at once. `stderr` lacks the notice that
 * Redis has not answered yet, if the command ran for long enough to print it.
 */
export async function runClock(
  args: readonly string[],
  options: StartOptions & { stdin?: string; closed?: 'stdout' | 'stderr' } = {},
): Promise<Ended> {
  const [file = '', ...first] = options.command ?? checkout;
  const startedAt = performance.now();
  const child = spawn(file, [...first, ...args], { env: environmentOf(options.env ?? {}), stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  if (options.closed !== undefined) child[options.closed].destroy();
  child.stdin.end(options.stdin ?? '');
  const exit = await exitOf(child);
  const mayBeBusy = performance.now() - startedAt >= noticeAfterMs;
  return { exit, stdout: output.stdout, stderr: mayBeBusy ? output.stderr.replace(busyNotice, '') : output.stderr };
}

function exitOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'));
  });
}
