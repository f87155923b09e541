import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Backend,
  ConnectionReport,
  DurabilityProblem,
  SelfTestResult,
  Outage,
  Roster,
  RosterChanges,
} from '../../src/backend/backend.ts';
import type { PublishResult, Job } from '../../src/backend/ticks.ts';
import { EmbeddedBackend } from '../../src/backend/embedded/embedded-backend.ts';
import { RedisBackend } from '../../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../../src/backend/redis/target.ts';
import { channels } from '../../src/backends.ts';
import { readOptions } from '../../src/config.ts';
import { silentLogger, type Logger } from '../../src/logger.ts';
import type { Account } from '../../src/auth/accounts.ts';
import type { AccountSecurity } from '../../src/auth/session.ts';
import { createAuthServices, type AuthServices } from '../../src/auth/auth-services.ts';
import { unreadyReason } from '../../src/probes/readiness.ts';
import type { HouseTime } from '../../src/time/house-time.ts';
import { createWeb } from '../../src/web/create-web.ts';
import { webOptions, type WebSettings } from '../../src/web/options.ts';
import type { UtcCheck } from '../../src/web/client-messages.ts';
import { loadUws, type Uws } from '../../src/web/uws.ts';
import type { Web } from '../../src/web/web.ts';
import { Client } from './client.ts';
import { patient } from './redis-server.ts';
import { until } from './until.ts';

const assetsDirectory = join(import.meta.dirname, '../../dist/static');

/** The secret of every app that is given none. */
export const defaultSecret = 'a secret of the tests, 32 bytes and more';

export interface WebAppOptions {
  /** By default an embedded one. It is stopped with the app. */
  backend?: Backend;
  /** Another app of this process, whose backend it shares and does not stop. */
  beside?: WebApp;
  config?: Partial<WebSettings>;
  /** 127.0.0.1 by default. */
  host?: string;
  tls?: { certFile: string; keyFile: string };
  secrets?: readonly [string, ...string[]];
  /** Whether the first account may not exist yet. */
  isStarting?: () => boolean;
  /** Whether a password is configured for the first account; false by default. */
  hasFirstPassword?: boolean;
  log?: Logger;
  /** What is known of house time and UTC. */
  utc?: UtcCheck;
}

/** The web role as `roles.ts` composes it, in the process of the test and on a free port. */
export class WebApp implements AsyncDisposable {
  readonly backend: StagedBackend;
  readonly auth: AuthServices;
  readonly web: Web;
  readonly build = '1.2.3+abcdefg';
  readonly #stopping = new AbortController();
  readonly #scheme: 'http' | 'https';
  readonly #ownsBackend: boolean;

  private constructor(backend: StagedBackend, options: WebAppOptions, uws: Uws) {
    const { config, tls, secrets, log } = options;
    this.backend = backend;
    this.#ownsBackend = options.beside === undefined;
    this.#scheme = tls === undefined ? 'http' : 'https';
    const secretsInUse = () => secrets ?? ([defaultSecret] as const);
    this.auth = createAuthServices(backend, secretsInUse);
    this.web = createWeb({
      config: {
        ...readOptions(webOptions, {}, {}),
        port: 0,
        drainMs: 0,
        tlsCert: tls?.certFile,
        tlsKey: tls?.keyFile,
        ...config,
      },
      host: options.host ?? '127.0.0.1',
      uws,
      backend,
      ...this.auth,
      secrets: secretsInUse,
      channels,
      owner: randomUUID(),
      assetsDirectory,
      build: this.build,
      unready: () => unreadyReason({ backend, stopping: this.#stopping.signal, isStarting: options.isStarting }),
      isPortShared: false,
      isStarting: options.isStarting,
      hasFirstPassword: options.hasFirstPassword ?? false,
      utc: options.utc,
      log: log ?? silentLogger(),
    });
  }

  static async start(options: WebAppOptions = {}): Promise<WebApp> {
    const { beside } = options;
    const backend = new StagedBackend(beside?.backend.inner ?? options.backend ?? new OwnEmbedded());
    const app = new WebApp(backend, options, await loadUws());
    try {
      if (beside === undefined) {
        await backend.start();
        // The first answer of Redis may come too late for the start.
        await until(() => backend.outage === null, 'the backend serves');
      }
      await app.web.start();
      return app;
    } catch (error) {
      await app[Symbol.asyncDispose]();
      throw error;
    }
  }

  get port(): number {
    return this.web.port;
  }

  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.port}`;
  }

  /** The number of open sockets. */
  get sockets(): number {
    return this.web.sources.connections?.() ?? 0;
  }

  client(): Client {
    return new Client(this.url);
  }

  /** A client with the cookies of a new session. Creates the account if it does not exist. */
  async signedIn(account = 'ada'): Promise<Client> {
    const client = this.client();
    const { credential } = await this.auth.sessions.open(account, await this.account(account));
    client.cookies.set('sessionid', credential);
    client.cookies.set('csrftoken', 'c'.repeat(43));
    return client;
  }

  /** The headers of a program that sends a new token. */
  async bearer(account = 'ada', lifetimeMs = 3_600_000, label?: string): Promise<{ Authorization: string }> {
    const token = await this.auth.tokens.issue(account, await this.account(account), lifetimeMs, label);
    return { Authorization: `Bearer ${token?.text}` };
  }

  /** An account, created without a password if it does not exist. */
  async account(id: string): Promise<AccountSecurity> {
    const { records } = this.backend;
    const account = {
      name: id,
      passwordHash: '',
      operator: false,
      disabled: false,
      createdAt: 0,
      securityStamp: 'first',
    };
    await records.create('account', id, account satisfies Account);
    return (await records.get<Account>('account', id)) ?? account;
  }

  /** Publishes a text, by default for the current instant. Resolves when it is published. */
  async tick(text: string, more: Partial<Job> = {}): Promise<PublishResult> {
    const at = more.at ?? Math.floor(this.backend.inner.time.now());
    const job = { task: 'time', everyMs: 500, expiresAt: at + 10_000, ...more, at };
    return this.backend.ticks.publish(job, text, 'Europe/Madrid');
  }

  /** Begins to stop as on a signal: the app still serves. */
  beginToStop(): void {
    this.#stopping.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.beginToStop();
    await this.web.stop();
    if (this.#ownsBackend) await this.backend.stop();
  }
}

/** A backend with a clock that can be moved and an outage that can be staged. */
class StagedBackend implements Backend {
  readonly inner: Backend;
  readonly time: HouseTime & { aheadMs: number };
  staged: Outage | null = null;

  constructor(inner: Backend) {
    this.inner = inner;
    this.time = {
      aheadMs: 0,
      now() {
        return inner.time.now() + this.aheadMs;
      },
      get errorMs() {
        return inner.time.errorMs;
      },
      get offsetMs() {
        return inner.time.offsetMs;
      },
    };
  }

  get name(): string {
    return this.inner.name;
  }

  get address(): string {
    return this.inner.address;
  }

  get ticks(): Backend['ticks'] {
    return this.inner.ticks;
  }

  get publications(): Backend['publications'] {
    return this.inner.publications;
  }

  get records(): Backend['records'] {
    return this.inner.records;
  }

  get limiter(): Backend['limiter'] {
    return this.inner.limiter;
  }

  get settings(): Backend['settings'] {
    return this.inner.settings;
  }

  get outage(): Outage | null {
    return this.staged ?? this.inner.outage;
  }

  get outageReason(): string | null {
    return this.inner.outageReason;
  }

  start(): Promise<void> {
    return this.inner.start();
  }

  stop(): Promise<void> {
    return this.inner.stop();
  }

  reportConnections(owner: string, sockets: number, changes: RosterChanges): Promise<ConnectionReport> {
    return this.inner.reportConnections(owner, sockets, changes);
  }

  readRoster(): Promise<Roster> {
    return this.inner.readRoster();
  }

  checkDurability(): Promise<DurabilityProblem[]> {
    return this.inner.checkDurability();
  }

  selfTest(): Promise<SelfTestResult[]> {
    return this.inner.selfTest();
  }
}

/** An embedded backend in a temporary directory, which `stop` removes. */
class OwnEmbedded extends EmbeddedBackend {
  readonly #directory: string;

  constructor() {
    const directory = mkdtempSync(join(tmpdir(), 'clock-web-'));
    super({ dataDir: directory, channels, log: silentLogger(), exclusive: true });
    this.#directory = directory;
  }

  override async stop(): Promise<void> {
    await super.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** A backend on a Redis of the tests. Apps with the same prefix belong to one installation. */
export function redisBackendOf(url: string, prefix: string, timeouts = patient): RedisBackend {
  return new RedisBackend({ target: parseRedisTarget(url), prefix, channels, log: silentLogger(), ...timeouts });
}
