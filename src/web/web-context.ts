import type { Attempts } from '../auth/attempts.ts';
import type { AuthServices } from '../auth/auth-services.ts';
import type { Backend } from '../backend/backend.ts';
import type { Logger } from '../logger.ts';
import type { Pairing } from '../screens/pairing.ts';
import type { ScreenActions } from '../screens/screen-actions.ts';
import type { RosterView } from '../screens/roster-view.ts';
import type { RetainedMessages } from '../channels/retained-messages.ts';
import type { Shows } from '../channels/shows.ts';
import type { Screens } from '../screens/screens.ts';
import type { AssetUrls } from './assets.ts';
import type { Authenticator } from './authenticator.ts';
import type { Cookies } from './cookies.ts';
import type { ChannelAccess } from './channel-access.ts';
import type { CsrfProtection } from './csrf.ts';
import type { LastMessages } from './last-messages.ts';
import type { WebSettings } from './options.ts';
import type { ScreenCookies } from './screen-cookies.ts';
import type { SharedCredentials } from './shared-credentials.ts';
import type { ShowDelivery } from './show-delivery.ts';
import type { SignInRedirect } from './sign-in-redirect.ts';
import type { Spread } from './spread.ts';

/** What the routes of a web process share. Each route uses what it needs, so a new option need not be passed along. */
export interface WebContext extends AuthServices {
  config: WebSettings;
  /** The address that the server listens on. */
  host: string;
  backend: Backend;
  attempts: Attempts;
  screens: Screens;
  pairing: Pairing;
  screenActions: ScreenActions;
  rosterView: RosterView;
  authenticator: Authenticator;
  /** Null without a sign-in of another application. */
  shared: SharedCredentials | null;
  cookies: Cookies;
  screenCookies: ScreenCookies;
  signInRedirect: SignInRedirect;
  csrf: CsrfProtection;
  lastMessages: LastMessages;
  spread: Spread;
  channelAccess: ChannelAccess;
  retained: RetainedMessages;
  shows: Shows;
  showDelivery: ShowDelivery;
  assets: AssetUrls;
  /** Version and commit, `1.0.0+3f2a91c`. */
  build: string;
  /** Why `/ready` answers with 503, in one word; null while it does not. */
  unready: () => string | null;
  /** Whether the first account may not exist yet. Until then a correct password may be refused. */
  isStarting?: (() => boolean) | undefined;
  /** Whether a password is configured with which the first account is created. */
  hasFirstPassword: boolean;
  log: Logger;
}
