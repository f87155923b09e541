import type { SharedSignIn } from '../auth/sso/shared-sign-in.ts';
import type { SessionPreload } from '../auth/session-preload.ts';
import type { Backend } from '../backend/backend.ts';
import type { Service } from '../lifecycle.ts';
import { createTickDelays, type MetricSources } from '../metrics.ts';
import { pause } from '../time/pause.ts';
import type { KnownChannels } from '../channels/known-channels.ts';
import type { RetainedMessages } from '../channels/retained-messages.ts';
import type { RosterUpkeep } from '../screens/roster-upkeep.ts';
import type { RosterView } from '../screens/roster-view.ts';
import type { Roster } from '../screens/roster.ts';
import { countScreens } from '../screens/screen-counts.ts';
import type { CertificateReload } from './certificate-reload.ts';
import type { CommandDelivery } from './command-delivery.ts';
import type { Housekeeping } from './housekeeping.ts';
import type { Hub } from './hub.ts';
import type { LastMessages } from './last-messages.ts';
import type { Listener } from './listener.ts';
import type { MessageDelivery } from './message-delivery.ts';
import type { WebSettings } from './options.ts';
import type { Server } from './server.ts';
import type { SessionMonitor } from './session-monitor.ts';
import type { SocketEndpoint } from './socket-endpoint.ts';
import type { ShowDelivery } from './show-delivery.ts';
import type { Spread } from './spread.ts';
import type { Upgrades } from './upgrades.ts';

export interface WebParts {
  config: WebSettings;
  backend: Backend;
  housekeeping: Housekeeping;
  hub: Hub;
  lastMessages: LastMessages;
  spread: Spread;
  sessionMonitor: SessionMonitor;
  sessionPreload: SessionPreload;
  roster: Roster;
  rosterView: RosterView;
  rosterUpkeep: RosterUpkeep;
  commandDelivery: CommandDelivery;
  knownChannels: KnownChannels;
  retained: RetainedMessages;
  messageDelivery: MessageDelivery;
  showDelivery: ShowDelivery;
  /** The messages that this process published for programs, by channel. */
  published: ReadonlyMap<string, number>;
  endpoint: SocketEndpoint;
  upgrades: Upgrades;
  server: Server;
  listener: Listener;
  certificateReload: CertificateReload;
  /** Null without a sign-in of another application. */
  sharedSignIn: SharedSignIn | null;
}

/** The web role: serves pages, API and WebSockets, and relays each tick unchanged. `createWeb` composes it. */
export class Web implements Service {
  readonly name = 'web';
  readonly sources: MetricSources;
  readonly #parts: WebParts;
  readonly #delays = createTickDelays();
  #ticks = 0;
  #stopped: Promise<void> | undefined;

  constructor(parts: WebParts) {
    const { config, hub, endpoint, lastMessages, certificateReload, roster, rosterView } = parts;
    this.#parts = parts;
    this.sources = {
      connections: () => hub.size,
      handshakes: () => endpoint.handshakes,
      disconnects: () => endpoint.disconnects,
      deliveries: () => hub.deliveries,
      publishedMessages: () => parts.published,
      screens: () => countScreens(roster, rosterView),
      relayedTicks: () => this.#ticks,
      expiredTicks: () => lastMessages.expired,
      tickAgeMs: () => lastMessages.ageMs('time'),
      intervalMs: () => lastMessages.intervalMs('time'),
      isStale: () => lastMessages.isStale('time'),
      tickDelays: this.#delays,
      ...(config.tlsCert === undefined ? {} : { tlsExpiresAt: () => certificateReload.expiresAt }),
    };
  }

  /** The port it listens on; 0 while it does not listen. */
  get port(): number {
    return this.#parts.listener.port;
  }

  async start(): Promise<void> {
    const parts = this.#parts;
    parts.backend.ticks.subscribe((channel, frame) => this.#relay(channel, frame));
    await parts.spread.start();
    await parts.sessionMonitor.start();
    await parts.commandDelivery.start();
    await parts.knownChannels.start();
    await parts.showDelivery.start();
    parts.messageDelivery.start();
    await parts.retained.start();
    await parts.rosterUpkeep.start();
    await parts.sharedSignIn?.start();
    await parts.upgrades.start();
    await parts.sessionPreload.start();
    await parts.listener.start();
    await parts.certificateReload.start();
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#drain();
    await this.#stopped;
  }

  async #drain(): Promise<void> {
    const parts = this.#parts;
    const { config, spread, listener } = parts;
    await parts.certificateReload.stop();
    if (this.port !== 0) await pause(config.drainDelayMs);
    listener.stopListening();
    await parts.hub.drain(config.drainMs ?? Math.max(1_000, spread.ms));
    await parts.server.finish();
    await parts.rosterUpkeep.stop();
    await parts.retained.stop();
    await parts.showDelivery.stop();
    await parts.knownChannels.stop();
    await parts.commandDelivery.stop();
    await spread.stop();
    await parts.sessionMonitor.stop();
    await parts.sessionPreload.stop();
    await parts.sharedSignIn?.stop();
    listener.close();
    await parts.upgrades.stop();
  }

  #relay(channel: string, frame: Uint8Array): void {
    const { backend, hub, housekeeping, lastMessages } = this.#parts;
    // The first one may have been published long before this process started.
    const isFirst = lastMessages.ageMs(channel) === null;
    const tick = lastMessages.accept(frame);
    if (tick === null) return;
    hub.publish(channel, tick.at, frame);
    this.#ticks += 1;
    if (!isFirst) this.#delays.observe((backend.time.now() - tick.at) / 1_000);
    housekeeping.onTick();
  }
}
