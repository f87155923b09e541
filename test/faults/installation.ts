import { randomBytes } from 'node:crypto';
import { Client, type TestSocket } from '../support/client.ts';
import { startClock, type ClockProcess } from '../support/clock-process.ts';
import { RedisServer, type RedisServerOptions } from '../support/redis-server.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

export const adminPassword = 'the right time on every screen';
const secret = randomBytes(32).toString('base64url');

/** Redis and the roles as processes of their own, as somebody would install them. */
export class Installation implements AsyncDisposable {
  readonly redis: RedisServer;
  /** What every role goes through to reach Redis, unless it is told otherwise. */
  readonly proxy: TcpProxy;
  readonly #started: AsyncDisposable[] = [];
  #over = false;

  private constructor(redis: RedisServer, proxy: TcpProxy) {
    this.redis = redis;
    this.proxy = proxy;
  }

  /** Redis alone, with its data on disk unless the settings say otherwise. */
  static async prepare(options: RedisServerOptions = {}): Promise<Installation> {
    const settings = { appendonly: 'yes', 'maxmemory-policy': 'noeviction', ...options.settings };
    const redis = await RedisServer.start({ ...options, settings });
    return new Installation(redis, await TcpProxy.start(redis.port));
  }

  /** With one of each role. */
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

  /** Starts one more process of a role; it goes with the installation. */
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

/** A role that runs, and what it tells operators. */
export class RoleProcess {
  readonly process: ClockProcess;

  constructor(process: ClockProcess) {
    this.process = process;
  }

  get url(): string {
    return this.process.url;
  }

  /** Somebody who has not been here. */
  client(): Client {
    return new Client(this.url);
  }

  /** `ready`, or the word that `/ready` gives as reason. */
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

  /** Whoever signs in as the owner, by the form, once it is ready. */
  async owner(): Promise<Client> {
    await until(async () => (await this.readiness()) === 'ready', 'it is ready');
    const client = this.client();
    const { status } = await client.signIn('admin', adminPassword);
    if (status !== 302) throw new Error(`signing in was answered with ${status}`);
    return client;
  }
}

/** A tick as a screen got it. */
export interface Heard {
  at: number;
  seq: number;
  text: string;
  /** How long after its instant it came, ms by this host's clock, which is Redis's too. */
  lateMs: number;
}

/** Notes every tick that comes on a socket from now on. */
export function listen(socket: TestSocket, channel = 'time'): Heard[] {
  const heard: Heard[] = [];
  socket.socket.on('message', (data: Buffer) => {
    const { message, channel: name } = JSON.parse(data.toString());
    if (name !== channel) return;
    heard.push({ at: message.at, seq: message.seq, text: message[channel], lateMs: Date.now() - message.at });
  });
  return heard;
}

/** Waits until so many more ticks have come. */
export async function more(heard: readonly Heard[], count: number, limitMs = 5_000): Promise<void> {
  const goal = heard.length + count;
  await until(() => heard.length >= goal, `${count} more ticks come`, limitMs);
}

/**
 * What is wrong with a row of ticks: an instant off the grid, one that came twice or after a later one, a `seq` that
 * did not rise, a tick that came after its expiry (and what a loaded host may add).
 */
export function disorder(heard: readonly Heard[], intervalMs: number, slackMs = 250): string[] {
  return heard.flatMap((tick, index) => {
    const before = heard[index - 1];
    const problems = [];
    if (tick.at % intervalMs !== 0) problems.push('off the grid');
    if (before !== undefined && tick.at <= before.at) problems.push('not after the one before');
    if (before !== undefined && tick.seq <= before.seq) problems.push('with a seq that did not rise');
    if (tick.lateMs > Math.min(intervalMs, 1_000) + slackMs) problems.push('too old');
    return problems.map((problem) => `${problem}: ${JSON.stringify(tick)} after ${JSON.stringify(before)}`);
  });
}

/** The longest step from one tick's instant to the next one's, ms. */
export function longestStepMs(heard: readonly Heard[]): number {
  return Math.max(0, ...heard.slice(1).map(({ at }, index) => at - (heard[index]?.at ?? at)));
}
