import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

const run = promisify(execFile);

/** Options of a backend that waits for the first answer of a Redis on a busy machine. */
export const patient = { startTimeoutMs: 20_000 };

/** As `patient`, for tests of an outage: several attempts to connect fit into the limit of a wait. */
export const lessPatient = { startTimeoutMs: 5_000 };

export interface RedisServerOptions {
  /** Default: a free port. */
  port?: number;
  password?: string;
  /** Further directives of redis.conf by name, with one or several arguments. */
  settings?: Readonly<Record<string, string | readonly string[]>>;
  /** The lines of sentinel.conf. If given, the server runs as a sentinel. */
  sentinel?: readonly string[];
  /** Further arguments of redis-cli. */
  cliArgs?: readonly string[];
  /** Further environment variables of redis-server. */
  env?: Readonly<Record<string, string>>;
}

/** A real redis-server on loopback. It stores nothing on disk unless the settings say so. */
export class RedisServer {
  readonly port: number;
  readonly #directory: string;
  readonly #options: RedisServerOptions;
  #process: ChildProcess | null = null;

  private constructor(port: number, directory: string, options: RedisServerOptions) {
    this.port = port;
    this.#directory = directory;
    this.#options = options;
  }

  /** Resolves when it accepts connections. Rejects if redis-server is missing or fails. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'clock-redis-'));
    const server = new RedisServer(options.port ?? (await freePort()), directory, options);
    await server.#spawn();
    return server;
  }

  /** The process ID; 0 while it is not running. */
  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get url(): string {
    const { password } = this.#options;
    return `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${this.port}/0`;
  }

  /** Runs a command with redis-cli. Resolves to its output. */
  async cli(...command: string[]): Promise<string> {
    const { password, cliArgs = [] } = this.#options;
    const auth = password === undefined ? [] : ['-a', password, '--no-auth-warning'];
    const { stdout } = await run('redis-cli', ['-p', String(this.port), ...auth, ...cliArgs, ...command]);
    return stdout.trim();
  }

  /** Suspends the process: connections stay open without an answer. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Kills the process. `begin` starts it again with the files that it wrote. */
  async crash(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Starts the process again on the same port. */
  async begin(): Promise<void> {
    await this.#spawn();
  }

  async stop(): Promise<void> {
    await this.crash();
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #spawn(): Promise<void> {
    const child = spawn('redis-server', await this.#arguments(), {
      env: { ...process.env, ...this.#options.env },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#process = child;
    const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (/Ready to accept connections|Sentinel ID is/.test(output)) resolve();
    });
    child.once('error', (error) =>
      reject(new Error('redis-server failed to start: install it (apt-get install redis-server)', { cause: error })),
    );
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}:\n${output}`)));
    await ready;
  }

  async #arguments(): Promise<string[]> {
    const { password, settings = {}, sentinel } = this.#options;
    const port = String(this.port);
    if (sentinel !== undefined) {
      const path = join(this.#directory, 'sentinel.conf');
      await writeFile(path, [`port ${port}`, 'bind 127.0.0.1', `dir ${this.#directory}`, ...sentinel, ''].join('\n'));
      return [path, '--sentinel'];
    }
    const all = {
      port,
      bind: '127.0.0.1',
      dir: this.#directory,
      save: '',
      appendonly: 'no',
      ...(password === undefined ? {} : { requirepass: password, masterauth: password }),
      ...settings,
    };
    return Object.entries(all).flatMap(([name, value]) => [`--${name}`, value].flat());
  }
}
