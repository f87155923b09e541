import { createAuthServices, type AuthServices } from '../../src/auth/auth-services.ts';
import type { Account } from '../../src/auth/accounts.ts';
import type { OpenedSession } from '../../src/auth/session.ts';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { silentLogger } from '../../src/logger.ts';
import { startClock, type ClockProcess } from './clock-process.ts';
import { FreshnessWatch } from './freshness-watch.ts';
import { patient } from './redis-server.ts';
import { ScreenClient } from './screen-client.ts';
import { msUntil, until } from './until.ts';

const secret = 'a secret of the tests that is long enough';
const account = 'ana';
export const intervalMs = 500;
/** Web serves within this time after Redis does, ms. */
const maxOutageMs = 1_000;

/** Two web processes, two beats and two workers on any Redis, with a session and a client for each of many screens. */
export class WatchedInstallation implements AsyncDisposable {
  readonly clients: ScreenClient[] = [];
  readonly #processes: ClockProcess[] = [];
  readonly #webs: ClockProcess[] = [];
  readonly #backend: RedisBackend;
  readonly #auth: AuthServices;
  readonly #watch: FreshnessWatch;

  private constructor(url: string) {
    const options = { prefix: '', channels: ['time'], log: silentLogger(), ...patient };
    this.#backend = new RedisBackend({ target: parseRedisTarget(url), ...options });
    this.#auth = createAuthServices(this.#backend, () => [secret]);
    this.#watch = new FreshnessWatch(() => this.clients);
  }

  /** Resolves when all clients are live. */
  static async start(url: string, clients: number): Promise<WatchedInstallation> {
    const installation = new WatchedInstallation(url);
    try {
      await installation.#start(url, clients);
      return installation;
    } catch (error) {
      await installation[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Opens a session without a client. */
  async openSession(): Promise<OpenedSession> {
    return this.#auth.sessions.open(account, (await this.#auth.accounts.get(account)) as Account);
  }

  async endSessions(sessions: readonly OpenedSession[]): Promise<void> {
    await this.#auth.sessions.end('session', sessions);
  }

  /** The status with which each web process answers a session. Throws if one serves none for longer than `maxOutageMs`. */
  async statusesOf({ credential }: OpenedSession): Promise<number[]> {
    const headers = { cookie: `sessionid=${credential}` };
    const statusOf = async ({ url }: ClockProcess): Promise<number> => {
      let status = 503;
      const isServed = async (): Promise<boolean> => {
        ({ status } = await fetch(`${url}/api/initial_state`, { headers }));
        return status !== 503;
      };
      const outageMs = await msUntil(isServed, `${url} serves`);
      if (outageMs > maxOutageMs) throw new Error(`${url} served no session for ${Math.round(outageMs)} ms`);
      return status;
    };
    return Promise.all(this.#webs.map(statusOf));
  }

  /** Waits until each client has received a tick of an instant after `at` and is live. */
  async receivedAfter(at: number): Promise<void> {
    const hasNewer = (client: ScreenClient): boolean => (client.span?.received.at(-1) ?? 0) > at;
    const isLive = (client: ScreenClient): boolean => client.state === 'live';
    await until(() => this.clients.every((one) => hasNewer(one) && isLive(one)), 'every client is live', 60_000, 50);
  }

  /** The longest step between two instants that a client received since `from`, ms. */
  longestStepMs(from: number): number {
    const steps = this.clients.flatMap(({ spans }) => {
      const received = spans.flatMap((span) => span.received).filter((at) => at >= from);
      return received.slice(1).map((at, index) => at - (received[index] ?? at));
    });
    return steps.reduce((longest, step) => Math.max(longest, step), 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watch.stop();
    for (const client of this.clients) client.stop();
    await Promise.all(this.#processes.map((process) => process.stop()));
    await this.#backend.stop();
  }

  async #start(url: string, clients: number): Promise<void> {
    await this.#backend.start();
    await until(() => this.#backend.outage === null, 'Redis serves', 60_000);
    await this.#auth.accounts.add(account, 'a password of the tests', false);
    const env = { CLOCK_REDIS_URL: url, CLOCK_SECRET: secret, TZ: 'UTC' };
    const start = async (args: readonly string[]): Promise<void> => {
      const process = await startClock(args, { env });
      this.#processes.push(process);
      if (args[0] === 'web') this.#webs.push(process);
    };
    const web = ['web', '--host', '127.0.0.1'];
    const beat = ['beat', '--interval', String(intervalMs)];
    for (const args of [web, web, beat, beat, ['worker'], ['worker']]) await start(args);
    const webs = this.#webs.map((process) => process.url);
    for (let first = 0; first < clients; first++) {
      const { credential } = await this.openSession();
      const client = new ScreenClient({ webs, credential: credential ?? '', intervalMs, first });
      client.start();
      this.clients.push(client);
    }
    await this.receivedAfter(0);
  }
}
