import { type ClockProcess, type Ended, runClock, startClock } from './clock-process.ts';
import { RedisServer } from './redis-server.ts';
import { startTogether } from './start-together.ts';
import { waitUntilReady } from './wait-until-ready.ts';

/** An installation with two web processes, for what must work on each of them. */
export class TwoWebs implements AsyncDisposable {
  static readonly password = 'a long enough password';
  readonly here: ClockProcess;
  readonly there: ClockProcess;
  readonly #server: RedisServer;
  readonly #env: Record<string, string>;
  readonly #processes: readonly ClockProcess[];

  private constructor(
    server: RedisServer,
    env: Record<string, string>,
    processes: readonly [ClockProcess, ClockProcess, ...ClockProcess[]],
  ) {
    this.#server = server;
    this.#env = env;
    this.#processes = processes;
    [this.here, this.there] = processes;
  }

  /** `args` are for both web processes, `hereArgs` for the first one. */
  static async start({ args = [] as string[], hereArgs = [] as string[] } = {}): Promise<TwoWebs> {
    const server = await RedisServer.start();
    const env = {
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(server.port),
      CLOCK_SECRET: 'a secret of the tests that is long enough',
      CLOCK_ADMIN_PASSWORD: TwoWebs.password,
    };
    const start = (...of: string[]): Promise<ClockProcess> => startClock(of, { env });
    const web = ['web', '--host', '127.0.0.1', ...args];
    const starts = startTogether(start(...web, ...hereArgs), start(...web), start('worker'), start('beat'));
    const processes = await starts.catch(async (error: unknown) => {
      await server.stop();
      throw error;
    });
    const webs = new TwoWebs(server, env, processes);
    try {
      for (const { ask } of [webs.here, webs.there]) await waitUntilReady(ask);
      return webs;
    } catch (error) {
      await webs[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a command on the data of the installation. */
  async run(...args: string[]): Promise<Ended> {
    return runClock(args, { env: this.#env });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#processes.map((process) => process.stop()));
    await this.#server.stop();
  }
}
