import { RedisServer } from './redis-server.ts';
import { until } from './until.ts';

const name = 'main';
const persistent = { appendonly: 'yes', 'maxmemory-policy': 'noeviction' };

/** A master, its replica, and three sentinels. */
export class RedisSentinels implements AsyncDisposable {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly #sentinels: readonly RedisServer[];

  private constructor(master: RedisServer, replica: RedisServer, sentinels: readonly RedisServer[]) {
    this.master = master;
    this.replica = replica;
    this.#sentinels = sentinels;
  }

  /** Resolves when a failover is possible. */
  static async start(): Promise<RedisSentinels> {
    const master = await RedisServer.start({ settings: persistent });
    const replicaof = `127.0.0.1 ${master.port}`;
    const replica = await RedisServer.start({
      settings: { ...persistent, replicaof, 'repl-diskless-sync-delay': '0' },
    });
    const sentinel = [
      `sentinel monitor ${name} 127.0.0.1 ${master.port} 2`,
      `sentinel down-after-milliseconds ${name} 1000`,
      `sentinel failover-timeout ${name} 5000`,
    ];
    const sentinels = await Promise.all(Array.from({ length: 3 }, () => RedisServer.start({ sentinel })));
    for (const one of sentinels) {
      // It knows one replica and the two other sentinels.
      const isReady = async (): Promise<boolean> => {
        const state = await one.cli('SENTINEL', 'MASTER', name);
        return /num-slaves\n1\n/.test(state) && /num-other-sentinels\n2\n/.test(state);
      };
      await until(isReady, 'a sentinel knows the others', 60_000, 100);
    }
    await until(async () => (await replica.cli('ROLE')).includes('connected'), 'the replica is connected', 60_000, 100);
    return new RedisSentinels(master, replica, sentinels);
  }

  get url(): string {
    return `redis+sentinel://${this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join()}/${name}`;
  }

  /** Whether a sentinel names the former replica as the master. */
  async hasFailedOver(): Promise<boolean> {
    const address = ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name];
    const answers = await Promise.all(this.#sentinels.map((sentinel) => sentinel.cli(...address)));
    return answers.some((answer) => answer.endsWith(`\n${this.replica.port}`));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sentinels, this.replica, this.master].map((server) => server.stop()));
  }
}
