import { randomBytes } from 'node:crypto';
import { Client, type TestSocket } from '../support/client.ts';
import { startClock, type ClockProcess } from '../support/clock-process.ts';
import { RedisServer, type RedisServerOptions } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

export const adminPassword = 'the right time on every screen';
const secret = randomBytes(32).toString('base64url');

/** Redis and the roles as separate processes. */
export class Installation implements AsyncDisposable {
  readonly redis: RedisServer;
  /** The secret of web. */
  readonly secret = secret;
  /** Between the roles and Redis, unless a role is started with another port. */
  readonly proxy: TcpProxy;
  readonly #started: AsyncDisposable[] = [];
  #over = false;

  private constructor(redis: RedisServer, proxy: TcpProxy) {
    this.redis = redis;
    this.proxy = proxy;
  }

  /** Starts Redis alone. It persists by default. */
  static async prepare(options: RedisServerOptions = {}): Promise<Installation> {
    const settings = { appendonly: 'yes', 'maxmemory-policy': 'noeviction', ...options.settings };
    const redis = await RedisServer.start({ ...options, settings });
    return new Installation(redis, await TcpProxy.start(redis.port));
  }

  /** Starts Redis and one process per role. */
  static async start(
    interval = '500',
  ): Promise<Installation & { roles: Record<'web' | 'worker' | 'beat', RoleProcess> }> {
    const installation = await Installation.prepare();
    try {
      const [web, worker, beat] = await Promise.all([
        installation.begin('web'),
        installation.begin('worker'),
        installation.begin('beat', ['--interval', interval]),
      ]);
      return Object.assign(installation, { roles: { web, worker, beat } });
    } catch (error) {
      await installation[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Starts a process of a role. It stops together with the installation. */
  async begin(
    role: 'web' | 'worker' | 'beat',
    args: readonly string[] = [],
    env: Record<string, string> = {},
    redisPort = this.proxy.port,
  ): Promise<RoleProcess> {
    const started = await startClock([role, ...args], {
      env: {
        CLOCK_REDIS_URL: `redis://127.0.0.1:${redisPort}`,
        TZ: 'Europe/Madrid',
        ...(role === 'web'
          ? { CLOCK_HOST: '127.0.0.1', CLOCK_SECRET: secret, CLOCK_ADMIN_PASSWORD: adminPassword }
          : {}),
        ...env,
      },
    });
    this.#started.push(started);
    if (this.#over) await started[Symbol.asyncDispose]();
    return new RoleProcess(started);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    this.redis.resume();
    await Promise.all(this.#started.map((one) => one[Symbol.asyncDispose]()));
    await this.proxy.stop();
    await this.redis.stop();
  }
}

/** A process of a role, with its probes and metrics. */
export class RoleProcess {
  readonly process: ClockProcess;

  constructor(process: ClockProcess) {
    this.process = process;
  }

  get url(): string {
    return this.process.url;
  }

  /** A client without cookies. */
  client(): Client {
    return new Client(this.url);
  }

  /** `ready`, or the reason that `/ready` gives. */
  async readiness(): Promise<string> {
    const response = await this.ask('/ready');
    const { status, reason } = (await response.json()) as { status: string; reason?: string };
    return response.status === 200 ? status : (reason ?? status);
  }

  async ask(path: string): Promise<Response> {
    return this.process.ask(path);
  }

  async metric(name: string): Promise<number> {
    return this.process.metric(name);
  }

  /** Waits until the role is ready, and signs in as admin with the form. */
  async owner(): Promise<Client> {
    await until(async () => (await this.readiness()) === 'ready', 'the role is ready');
    const client = this.client();
    const { status } = await client.signIn('admin', adminPassword);
    if (status !== 302) throw new Error(`signing in was answered with ${status}`);
    return client;
  }
}

/** A tick as a screen received it. */
export interface ReceivedTick {
  at: number;
  seq: number;
  text: string;
  /** Delay from the instant to the arrival, ms by this host's clock, which is Redis's clock as well. */
  lateMs: number;
}

/** Returns an array to which every tick that arrives from now on is appended. */
export function recordTicks(socket: TestSocket, channel = 'time'): ReceivedTick[] {
  const ticks: ReceivedTick[] = [];
  socket.socket.on('message', (data: Buffer) => {
    const { message, channel: name } = JSON.parse(data.toString());
    if (name !== channel) return;
    ticks.push({ at: message.at, seq: message.seq, text: message[channel], lateMs: Date.now() - message.at });
  });
  return ticks;
}

/** Waits for `count` more ticks. */
export async function waitForTicks(ticks: readonly ReceivedTick[], count: number, limitMs?: number): Promise<void> {
  const goal = ticks.length + count;
  await until(() => ticks.length >= goal, `${count} more ticks come`, limitMs);
}

/**
 * Describes the faults in a sequence of ticks: an instant off the grid, an instant that repeats or goes back, a `seq`
 * that does not rise, a tick that arrives after its expiry plus `slackMs` for a loaded host.
 */
export function faultsOf(ticks: readonly ReceivedTick[], intervalMs: number, slackMs = 2_000): string[] {
  return ticks.flatMap((tick, index) => {
    const before = ticks[index - 1];
    const problems = [];
    if (tick.at % intervalMs !== 0) problems.push('off the grid');
    if (before !== undefined && tick.at <= before.at) problems.push('instant does not rise');
    if (before !== undefined && tick.seq <= before.seq) problems.push('seq does not rise');
    if (tick.lateMs > Math.min(intervalMs, 1_000) + slackMs) problems.push('expired');
    return problems.map((problem) => `${problem}: ${JSON.stringify(tick)} after ${JSON.stringify(before)}`);
  });
}

/** The longest step between the instants of consecutive ticks, ms. */
export function longestStepMs(ticks: readonly ReceivedTick[]): number {
  return Math.max(0, ...ticks.slice(1).map(({ at }, index) => at - (ticks[index]?.at ?? at)));
}
