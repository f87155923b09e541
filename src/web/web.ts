import { readFileSync } from 'node:fs';
import type { Accounts } from '../auth/accounts.ts';
import { Attempts } from '../auth/attempts.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { Backend } from '../backend/backend.ts';
import type { ValuesOf } from '../config.ts';
import type { Service } from '../lifecycle.ts';
import type { Logger } from '../logger.ts';
import { createTickDelays, type MetricSources } from '../metrics.ts';
import { unreadiness } from '../probes/readiness.ts';
import { pause } from '../time/pause.ts';
import { accountRoutes } from './account-routes.ts';
import { apiRoutes } from './api-routes.ts';
import { createApp, type TlsConfig } from './app.ts';
import { Assets } from './assets.ts';
import { embedRoutes } from './embed-routes.ts';
import { clockRoutes } from './clock-routes.ts';
import { HttpError } from './http.ts';
import { Hub, type SocketData } from './hub.ts';
import { Authenticator } from './authenticator.ts';
import { LastMessages } from './last-messages.ts';
import { probeRoutes } from './probe-routes.ts';
import type { webOptions } from './options.ts';
import { Proxies } from './proxies.ts';
import { Server } from './server.ts';
import { SessionMonitor } from './session-monitor.ts';
import { socketPath, SocketEndpoint } from './socket-endpoint.ts';
import { Spread } from './spread.ts';
import { Upgrades } from './upgrades.ts';
import type { HttpRequest, HttpResponse, SocketContext, Uws } from './uws.ts';

export interface WebOptions {
  config: Pick<
    ValuesOf<typeof webOptions>,
    'port' | 'allowedOrigins' | 'frameAncestors' | 'trustedProxy' | 'maxSockets' | 'drainMs' | 'drainDelayMs'
  > &
    TlsConfig;
  host: string;
  uws: Uws;
  backend: Backend;
  accounts: Accounts;
  sessions: Sessions;
  channels: readonly string[];
  /** Names this process among all of the installation. */
  owner: string;
  assetsFolder: string;
  build: string;
  stopping: AbortSignal;
  log: Logger;
}

/** The role that faces people: pages, API and sockets, to which it relays each tick as it comes. */
export class Web implements Service {
  readonly name = 'web';
  /** What it counts. */
  readonly sources: MetricSources;
  readonly #hub: Hub;
  readonly #latest: LastMessages;
  readonly #options: WebOptions;
  readonly #server: Server;
  readonly #spread: Spread;
  readonly #watch: SessionMonitor;
  readonly #upgrades: Upgrades;
  readonly #delays = createTickDelays();
  #ticks = 0;
  #stopped: Promise<void> | undefined;

  constructor(options: WebOptions) {
    const { config, uws, backend, accounts, sessions, channels, build, log } = options;
    this.#options = options;
    const app = createApp(config, uws);
    const hub = new Hub(app);
    sessions.openSessions = hub;
    const latest = new LastMessages({ backend, channels });
    const spread = new Spread({ backend, owner: options.owner, connections: () => hub.size });
    const authenticator = new Authenticator({ sessions, backend, hasSocket: ({ jti }) => hub.has(jti) });
    const assets = new Assets(options.assetsFolder);
    const { allowedOrigins } = config;
    const attempts = new Attempts(backend.limiter);
    const rules = new SocketEndpoint({
      hub,
      authenticator,
      sessions,
      backend,
      channels,
      allowedOrigins,
      spread,
      build,
      log,
      maxSockets: socketsAtMost(config.maxSockets, log),
    });

    this.sources = {
      connections: () => hub.size,
      handshakes: () => rules.handshakes,
      disconnects: () => rules.disconnects,
      deliveries: () => hub.deliveries,
      relayedTicks: () => this.#ticks,
      expiredTicks: () => latest.expired,
      tickAgeMs: () => latest.ageMs('time'),
      tickDelays: this.#delays,
    };
    this.#hub = hub;
    this.#latest = latest;
    this.#spread = spread;
    this.#watch = new SessionMonitor({ hub, sessions, records: backend.records, time: backend.time });
    this.#upgrades = new Upgrades(uws);
    this.#server = new Server({
      app,
      uws,
      host: options.host,
      port: config.port,
      portOption: '--port',
      frameAncestors: config.frameAncestors,
      assets: assets.urls,
      log,
      proxies: new Proxies(config.trustedProxy, config.tlsCert !== undefined, log),
      routes: {
        ...clockRoutes({ authenticator, assets: assets.urls, build }),
        ...embedRoutes({ authenticator, assets: assets.urls, build, frameAncestors: config.frameAncestors }),
        ...accountRoutes({ authenticator, accounts, sessions, attempts, allowedOrigins, assets: assets.urls, log }),
        ...apiRoutes({ authenticator, latest, channels, spread, build }),
        ...probeRoutes(() => unreadiness(backend, options.stopping)),
        ...assets.routes,
        // What uWebSockets.js does not take for a handshake ends here; the same rules refuse it.
        [socketPath]: {
          any: async (request) => {
            await rules.admit(request, () => {});
            throw new HttpError(400, 'This is no handshake of a WebSocket.');
          },
        },
      },
    });
    app.ws<SocketData>(socketPath, {
      ...rules.behavior(),
      upgrade: (res, req, context) => void this.#upgrade(rules, res, req, context),
    });
  }

  /** Where it listens, once it does. */
  get port(): number {
    return this.#server.port;
  }

  async start(): Promise<void> {
    const { backend } = this.#options;
    backend.ticks.subscribe((channel, frame) => {
      const tick = this.#latest.accept(frame);
      if (tick === null) return;
      this.#hub.publish(channel, tick.at, frame);
      this.#ticks += 1;
      this.#delays.observe((backend.time.now() - tick.at) / 1_000);
    });
    await this.#spread.start();
    await this.#watch.start();
    await this.#upgrades.start();
    await this.#server.start();
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#drain();
    await this.#stopped;
  }

  async #drain(): Promise<void> {
    const { drainDelayMs, drainMs } = this.#options.config;
    if (this.port !== 0) await pause(drainDelayMs);
    this.#server.stopListening();
    await this.#hub.drain(drainMs ?? Math.max(1_000, this.#spread.ms));
    await this.#server.finish();
    await this.#spread.stop();
    await this.#watch.stop();
    await this.#server.stop();
    await this.#upgrades.stop();
  }

  async #upgrade(rules: SocketEndpoint, res: HttpResponse, req: HttpRequest, context: SocketContext): Promise<void> {
    const exchange = this.#server.open(res, req);
    if (exchange === null) return;
    const { head } = exchange;
    const key = head.headers.get('sec-websocket-key') ?? '';
    try {
      await rules.admit(head, (data) => {
        this.#server.end(exchange);
        if (!exchange.aborted) this.#upgrades.upgrade(res, key, data, context);
      });
    } catch (error) {
      await this.#server.respond(exchange, Promise.reject(error));
    }
  }
}

/** What was asked for, or fewer: a process must keep some descriptors for everything else. */
function socketsAtMost(wanted: number, log: Logger): number {
  const spareDescriptors = 256;
  const limit = /^Max open files +(\d+)/m.exec(readTextIfThere('/proc/self/limits'))?.[1];
  const possible = limit === undefined ? Infinity : Math.max(0, Number(limit) - spareDescriptors);
  if (possible >= wanted) return wanted;
  log.info({ wanted, possible }, 'fewer sockets than --max-sockets: the limit of open files is lower');
  return possible;
}

function readTextIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
