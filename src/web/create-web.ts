import { Attempts } from '../auth/attempts.ts';
import type { AuthServices } from '../auth/auth-services.ts';
import type { Secrets } from '../auth/secrets.ts';
import { SessionPreload } from '../auth/session-preload.ts';
import { Channels } from '../channels/channels.ts';
import { KnownChannels } from '../channels/known-channels.ts';
import { RetainedMessages } from '../channels/retained-messages.ts';
import { Shows } from '../channels/shows.ts';
import { verifyLinkKey } from '../screens/link-key.ts';
import { Pairing } from '../screens/pairing.ts';
import { ScreenActions } from '../screens/screen-actions.ts';
import { RosterUpkeep } from '../screens/roster-upkeep.ts';
import { RosterView } from '../screens/roster-view.ts';
import { Roster } from '../screens/roster.ts';
import { Screens } from '../screens/screens.ts';
import { accountApiRoutes } from './account-api-routes.ts';
import { accountRoutes } from './account-routes.ts';
import { apiRoutes } from './api-routes.ts';
import { createApp } from './app.ts';
import { Assets } from './assets.ts';
import { Authenticator } from './authenticator.ts';
import { CertificateReload } from './certificate-reload.ts';
import { ChannelAccess } from './channel-access.ts';
import { clockRoutes } from './clock-routes.ts';
import { CommandDelivery } from './command-delivery.ts';
import { Cookies } from './cookies.ts';
import { createSharedCredentials } from './create-shared-credentials.ts';
import { CsrfProtection } from './csrf.ts';
import { maxOpenSockets } from './descriptor-limit.ts';
import { deviceRoutes } from './device-routes.ts';
import { embedRoutes } from './embed-routes.ts';
import { Housekeeping } from './housekeeping.ts';
import { Hub } from './hub.ts';
import { LastMessages } from './last-messages.ts';
import { linkRoutes } from './link-routes.ts';
import { Listener } from './listener.ts';
import { MessageDelivery } from './message-delivery.ts';
import { pairingRoutes } from './pairing-routes.ts';
import { probeRoutes } from './probe-routes.ts';
import { Proxies } from './proxies.ts';
import { publishRoutes } from './publish-routes.ts';
import { recheckAt } from './recheck.ts';
import type { Routes } from './router.ts';
import { ScreenCookies } from './screen-cookies.ts';
import { screenApiRoutes } from './screen-api-routes.ts';
import { screensRoutes } from './screens-routes.ts';
import { Server } from './server.ts';
import { SessionMonitor } from './session-monitor.ts';
import { SignInRedirect } from './sign-in-redirect.ts';
import type { UtcCheck } from './client-messages.ts';
import { SocketEndpoint } from './socket-endpoint.ts';
import { serveSockets, socketRoutes } from './socket-routes.ts';
import { ShowDelivery } from './show-delivery.ts';
import { showRoutes } from './show-routes.ts';
import { Spread } from './spread.ts';
import { cookiePrefixOf, ssoSettings } from './sso-settings.ts';
import { Upgrades } from './upgrades.ts';
import type { Uws } from './uws.ts';
import { Web } from './web.ts';
import type { WebContext } from './web-context.ts';

type GivenContext = 'config' | 'host' | 'backend' | 'build' | 'unready' | 'isStarting' | 'hasFirstPassword' | 'log';

export interface WebDependencies extends AuthServices, Pick<WebContext, GivenContext> {
  uws: Uws;
  secrets: Secrets;
  /** The names of the periodic channels. */
  channels: readonly string[];
  /** Identifies this process within the installation. */
  owner: string;
  assetsDirectory: string;
  /** Whether other processes of the same parent listen on the port, too. */
  isPortShared: boolean;
  /** Compares house time with UTC; undefined without NTP servers. */
  utc?: UtcCheck | undefined;
}

/** Composes the web role: its services and its routes. Throws a `UserError` for unusable TLS or static files. */
export function createWeb(dependencies: WebDependencies): Web {
  const { config, host, uws, backend, sessions, secrets, owner, assetsDirectory, build, log } = dependencies;
  const { records, limiter, time } = backend;
  const assets = new Assets(assetsDirectory);
  const roster = new Roster({ build, time });
  const hub = new Hub((topic, frame) => listener.publish(topic, frame), roster);
  const housekeeping = new Housekeeping();
  const screens = new Screens({ records, time });
  const rosterView = new RosterView({ backend, screens });
  sessions.openSessions = hub;
  const sessionPreload = new SessionPreload(backend);
  sessions.preloaded = sessionPreload;
  const sso = ssoSettings(config);
  const shared = createSharedCredentials(sso, dependencies);
  const knownChannels = new KnownChannels({ records, channels: new Channels(backend) });
  const retained = new RetainedMessages(backend);
  const showDelivery = new ShowDelivery({ hub, sessions, records, retained, time });
  const messageDelivery = new MessageDelivery({ hub, sessions, channels: knownChannels, retained, showDelivery });
  const published = new Map<string, number>();
  const cookies = new Cookies(cookiePrefixOf(config));
  const { ssoSignIn: signIn, publicUrl } = config;
  const signInRedirect = new SignInRedirect({ signIn, publicUrl, cookies, time });
  const context: WebContext = {
    ...dependencies,
    assets: assets.urls,
    attempts: new Attempts(limiter),
    shared,
    authenticator: new Authenticator({
      sessions,
      cookies,
      backend,
      shared,
      hasSocket: ({ jti }) => hub.has(jti),
      verifyKey: (key) => verifyLinkKey(key, secrets()),
    }),
    cookies,
    screenCookies: new ScreenCookies({ cookies, credentials: sessions.credentials, time, signInRedirect }),
    signInRedirect,
    csrf: new CsrfProtection(cookies, config.allowedOrigins),
    lastMessages: new LastMessages({ backend }),
    spread: new Spread({ backend, owner, connections: () => hub.size, roster, housekeeping }),
    channelAccess: new ChannelAccess(dependencies.channels, knownChannels),
    retained,
    shows: new Shows(backend),
    showDelivery,
    screens,
    pairing: new Pairing({ records, limiter, time, screens }),
    screenActions: new ScreenActions({ backend, screens, sessions, log }),
    rosterView,
  };
  const maxSockets = maxOpenSockets(config.maxSockets);
  const endpoint = new SocketEndpoint({
    ...context,
    hub,
    messageDelivery,
    maxSockets,
    recheckAt: (session) => recheckAt(session, { recheckMs: sso?.recheckMs ?? Infinity, time, spread: context.spread }),
  });
  const proxies = new Proxies(config.trustedProxy, config.tlsCert !== undefined, log, config.ssoUserHeader);
  const routes: Routes = {
    ...clockRoutes(context),
    ...embedRoutes(context),
    ...accountRoutes(context),
    ...apiRoutes(context),
    ...publishRoutes(context, published),
    ...showRoutes(context, published),
    ...screenApiRoutes(context),
    ...pairingRoutes(context),
    ...deviceRoutes(context),
    ...linkRoutes(context),
    ...screensRoutes(context),
    ...accountApiRoutes(context),
    ...probeRoutes(context),
    ...socketRoutes(endpoint),
    ...assets.routes,
  };
  const server = new Server({ ...context, routes, proxies });
  const upgrades = new Upgrades(uws, log);
  const listener = new Listener({
    uws,
    host,
    port: config.port,
    isShared: dependencies.isPortShared,
    createApp: () => createApp(config, uws),
    register: (served) => {
      served.app.any('/*', (res, req) => server.handle(res, req));
      serveSockets(served, { server, endpoint, upgrades });
    },
  });
  // Logged after the TLS files were loaded: if they are not usable, the error is the only line of output.
  if (maxSockets < config.maxSockets) {
    const message =
      'the limit of open files allows fewer sockets than --max-sockets; to accept more, raise LimitNOFILE or ulimit -n';
    log.info({ wanted: config.maxSockets, possible: maxSockets }, message);
  }
  const sessionMonitor = new SessionMonitor({ hub, sessions, records, time, housekeeping });
  const certificateReload = new CertificateReload({ config, listener, time, log });
  const commandDelivery = new CommandDelivery({ hub, records, spread: context.spread });
  const rosterUpkeep = new RosterUpkeep({ roster, view: rosterView, screens, housekeeping });
  return new Web({
    ...context,
    housekeeping,
    hub,
    roster,
    knownChannels,
    messageDelivery,
    commandDelivery,
    sessionMonitor,
    sessionPreload,
    rosterUpkeep,
    sharedSignIn: shared?.signIn ?? null,
    published,
    endpoint,
    upgrades,
    server,
    listener,
    certificateReload,
  });
}
