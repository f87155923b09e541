import { randomBytes } from 'node:crypto';
import { createAuthServices, type AuthServices } from '../../src/auth/auth-services.ts';
import type { Account } from '../../src/auth/accounts.ts';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { silentLogger } from '../../src/logger.ts';
import { RedisServer } from '../../test/support/redis-server.ts';
import { TcpProxy } from '../../test/support/tcp-proxy.ts';
import { until } from '../../test/support/until.ts';
import { intervalMs, processCounts, type Role } from './fault-list.ts';
import type { Leadership } from './incidents.ts';
import { RoleSlot } from './role-slot.ts';
import { Witness } from './witness.ts';

const secret = randomBytes(32).toString('base64url');
const accountName = 'soak';

/** The password of the account of all clients. */
export const password = 'a password for the soak';

/** A session that a client uses. */
export interface SoakSession {
  recordId: string;
  jti: string;
  credential: string;
}

/** Redis and several processes of each role, with a proxy in front of each web process. */
export class SoakInstallation {
  readonly redis: RedisServer;
  readonly witness: Witness;
  readonly slots: Readonly<Record<Role, readonly RoleSlot[]>>;
  /** Between the clients and each web process. */
  readonly webProxies: readonly TcpProxy[];
  readonly #backend: RedisBackend;
  readonly #auth: AuthServices;

  private constructor(
    redis: RedisServer,
    witness: Witness,
    slots: SoakInstallation['slots'],
    webProxies: readonly TcpProxy[],
    backend: RedisBackend,
  ) {
    this.redis = redis;
    this.witness = witness;
    this.slots = slots;
    this.webProxies = webProxies;
    this.#backend = backend;
    this.#auth = createAuthServices(backend, () => [secret]);
  }

  static async start(): Promise<SoakInstallation> {
    const redis = await RedisServer.start({ settings: { appendonly: 'yes', 'maxmemory-policy': 'noeviction' } });
    const witness = new Witness(redis.port);
    await witness.start();
    const env = { TZ: 'UTC', CLOCK_SECRET: secret };
    const slotsOf = (role: Role): Promise<RoleSlot[]> => {
      const args = role === 'beat' ? ['--interval', String(intervalMs)] : [];
      const open = (): Promise<RoleSlot> => RoleSlot.open({ role, redisPort: redis.port, args, env });
      return Promise.all(Array.from({ length: processCounts[role] }, open));
    };
    const slots = { worker: await slotsOf('worker'), beat: await slotsOf('beat'), web: await slotsOf('web') };
    const webProxies = await Promise.all(slots.web.map(({ port }) => TcpProxy.start(port)));
    const backend = new RedisBackend({
      target: parseRedisTarget(redis.url),
      prefix: '',
      channels: ['time'],
      log: silentLogger(),
      startTimeoutMs: 20_000,
    });
    await backend.start();
    const installation = new SoakInstallation(redis, witness, slots, webProxies, backend);
    await installation.#auth.accounts.add(accountName, password, false);
    return installation;
  }

  get name(): string {
    return accountName;
  }

  /** The addresses of the proxies in front of the web processes. */
  get urls(): string[] {
    return this.webProxies.map(({ port }) => `http://127.0.0.1:${port}`);
  }

  get allSlots(): RoleSlot[] {
    return Object.values(this.slots).flat();
  }

  /** When which beat became the leader. */
  get leaderships(): Leadership[] {
    return this.slots.beat.flatMap(({ leadSince }, index) => leadSince.map((at) => ({ at, index })));
  }

  /** The process ID of each process, and of Redis, by name. */
  get pids(): ReadonlyMap<string, number> {
    const roles = Object.entries(this.slots).flatMap(([role, some]) =>
      some.map(({ process }, index) => [`${role} ${index}`, process.pid] as const),
    );
    return new Map([...roles, ['redis', this.redis.pid]]);
  }

  async openSession(): Promise<SoakSession> {
    const account = (await this.#auth.accounts.get(accountName)) as Account;
    const { recordId, jti, credential } = await this.#auth.sessions.open(accountName, account);
    return { recordId, jti, credential: credential ?? '' };
  }

  /** Resolves when the sessions are deleted and every web process has been notified. */
  async endSessions(sessions: readonly SoakSession[]): Promise<void> {
    await until(() => this.#backend.outage === null, 'Redis serves');
    await this.#auth.sessions.end('session', sessions);
  }

  async stop(): Promise<void> {
    await Promise.all(this.allSlots.map((slot) => slot.close()));
    await Promise.all(this.webProxies.map((proxy) => proxy.stop()));
    await this.#backend.stop();
    this.witness.stop();
    await this.redis.stop();
  }
}
