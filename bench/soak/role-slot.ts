import { join } from 'node:path';
import { readdirSync } from 'node:fs';
import { startClock, type ClockProcess } from '../../test/support/clock-process.ts';
import { freePort } from '../../test/support/free-port.ts';
import { TcpProxy } from '../../test/support/tcp-proxy.ts';
import { passes, until } from '../../test/support/until.ts';
import { usageOf } from '../usage.ts';
import { again } from './again.ts';
import type { Role } from './fault-list.ts';
import type { Span } from './incidents.ts';

export interface RoleSlotOptions {
  role: Role;
  redisPort: number;
  args: readonly string[];
  env: Record<string, string>;
}

/** The memory and descriptors of a process after a garbage collection, without those of its clients. */
export interface Resources {
  pid: number;
  residentKiB: number;
  descriptors: number;
}

const garbageCollector = join(import.meta.dirname, 'collect-garbage.cjs');

/** A place in an installation for one process of a role at a time, with a network of its own to Redis. */
export class RoleSlot {
  readonly role: Role;
  /** The port of web, the same for each of its processes; 0 for the other roles. */
  readonly port: number;
  readonly toRedis: TcpProxy;
  readonly #options: RoleSlotOptions;
  /** All processes so far. */
  readonly #processes: ClockProcess[] = [];

  private constructor(options: RoleSlotOptions, toRedis: TcpProxy, port: number) {
    this.#options = options;
    this.role = options.role;
    this.toRedis = toRedis;
    this.port = port;
  }

  /** Resolves when the first process is ready. */
  static async open(options: RoleSlotOptions): Promise<RoleSlot> {
    const port = options.role === 'web' ? await freePort() : 0;
    const slot = new RoleSlot(options, await TcpProxy.start(options.redisPort), port);
    await slot.start();
    return slot;
  }

  get process(): ClockProcess {
    const process = this.#processes.at(-1);
    if (process === undefined) throw new Error(`there is no ${this.role} here`);
    return process;
  }

  /** When its processes became the leader, epoch ms. */
  get leadSince(): number[] {
    const lines = this.#processes.flatMap(({ log }) => log);
    return lines.filter(({ msg }) => msg === 'became leader').map(({ time }) => Date.parse(String(time)));
  }

  async start(): Promise<void> {
    const { role, args, env } = this.#options;
    const own = role === 'web' ? ['--host', '127.0.0.1', '--port', String(this.port)] : [];
    const started = await startClock([role, ...own, ...args], {
      env: {
        ...env,
        CLOCK_REDIS_URL: `redis://127.0.0.1:${this.toRedis.port}`,
        NODE_OPTIONS: `--expose-gc --require ${garbageCollector}`,
      },
    });
    this.#processes.push(started);
    await this.ready();
  }

  async ready(): Promise<void> {
    const isReady = async (): Promise<boolean> => (await this.#ask('/ready')).status === 200;
    await until(isReady, `${this.role} is ready`, 60_000, 50);
  }

  /** Kills the process and starts another one after `forMs`. Each fault resolves to when it was in effect. */
  async kill(forMs: number): Promise<Span> {
    const from = Date.now();
    this.process.kill('SIGKILL');
    await this.process.exited;
    const to = Date.now();
    await this.process.stop();
    await passes(forMs);
    await this.start();
    return { from, to };
  }

  async freeze(forMs: number): Promise<Span> {
    const from = Date.now();
    this.process.kill('SIGSTOP');
    await passes(forMs);
    this.process.kill('SIGCONT');
    return { from, to: Date.now() };
  }

  async cutRedis(forMs: number): Promise<Span> {
    const from = Date.now();
    this.toRedis.silence();
    await passes(forMs);
    this.toRedis.restore();
    return { from, to: Date.now() };
  }

  /** Resolves when the process has stopped and another one is ready. */
  async restart(): Promise<Span> {
    const from = Date.now();
    const code = await this.process.stop();
    const to = Date.now();
    if (code !== 0) throw new Error(`${this.role} ended with ${code}`);
    await this.start();
    return { from, to };
  }

  /** Collects garbage first. */
  async resources(): Promise<Resources> {
    const { pid } = this.process;
    this.process.kill('SIGUSR2');
    // The second answer comes after the collection, which blocks the thread.
    for (let n = 0; n < 2; n++) await (await this.#ask('/health')).text();
    return { pid, residentKiB: usageOf(pid).residentKiB, descriptors: await this.descriptors() };
  }

  /** The number of open descriptors besides the sockets of clients. */
  async descriptors(): Promise<number> {
    const sockets = this.role === 'web' ? await again(() => this.process.metric('clock_connections')) : 0;
    return readdirSync(`/proc/${this.process.pid}/fd`).length - sockets;
  }

  async close(): Promise<void> {
    await this.process.stop();
    await this.toRedis.stop();
  }

  #ask(path: string): Promise<Response> {
    return again(() => this.process.ask(path));
  }
}
