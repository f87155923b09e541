import { isWide } from '../addresses.ts';
import type { TokenRules } from '../auth/sso/token-verifier.ts';
import { UserError } from '../lifecycle.ts';
import { ownCookieNames } from './cookies.ts';
import type { WebSettings } from './options.ts';

/** How requests are signed in by another application. */
export interface SsoSettings {
  /** Null if a proxy names the user and no token counts. */
  tokens: TokenSettings | null;
  /** The header with the name of the user, in lower case. */
  userHeader: string | undefined;
  recheckMs: number;
  /** What is allowed but unsafe, as sentences for the log. */
  warnings: readonly string[];
}

export interface TokenSettings {
  rules: TokenRules;
  /** The keys of its JWTs: an address or a file, or secrets that both applications know. */
  keys: { jwks: string } | { secrets: readonly [string, ...string[]] };
  cookie: string | undefined;
  /** In lower case. */
  header: string | undefined;
}

/** The shared sign-in that the options configure; null without one. Throws a `UserError` if they contradict each other. */
export function ssoSettings(config: WebSettings): SsoSettings | null {
  const { ssoUserHeader: userHeader, ssoRecheckMs: recheckMs } = config;
  const tokens = tokenSettings(config);
  if (userHeader !== undefined) checkUserHeader(userHeader, config);
  if (tokens !== null || userHeader !== undefined) {
    return { tokens, userHeader, recheckMs, warnings: warningsOf(config) };
  }
  const needs = 'needs --sso-jwks, CLOCK_SSO_SECRET or --sso-user-header';
  refuseGiven({ '--sso-sign-in': config.ssoSignIn, '--sso-sign-out': config.ssoSignOut }, needs);
  return null;
}

/** The prefix of the cookie names. With a shared sign-in it is not empty: Django uses the same names. */
export function cookiePrefixOf({ cookiePrefix, ssoJwks, ssoSecret, ssoUserHeader }: WebSettings): string {
  const isShared = ssoJwks !== undefined || ssoSecret !== undefined || ssoUserHeader !== undefined;
  return cookiePrefix ?? (isShared ? 'clock_' : '');
}

function tokenSettings(config: WebSettings): TokenSettings | null {
  const { ssoJwks: jwks, ssoSecret: secrets, ssoAudience: audience, ssoCookie: cookie, ssoHeader: header } = config;
  if (jwks !== undefined && secrets !== undefined) {
    throw new UserError('--sso-jwks and CLOCK_SSO_SECRET: set one of them');
  }
  if (jwks === undefined && secrets === undefined) {
    refuseGiven(
      {
        '--sso-audience': audience,
        '--sso-issuer': config.ssoIssuer,
        '--sso-cookie': cookie,
        '--sso-header': header,
        '--sso-operators': config.ssoOperators,
      },
      'needs --sso-jwks or CLOCK_SSO_SECRET',
    );
    return null;
  }
  if (audience === undefined) {
    throw new UserError('--sso-audience: missing; set it to the audience (aud) of the JWTs that are meant for Clock');
  }
  if (secrets?.some((secret) => config.secrets?.includes(secret))) {
    throw new UserError('CLOCK_SSO_SECRET: must differ from CLOCK_SECRET; the other application could sign sessions');
  }
  if (cookie !== undefined && ownCookieNames(cookiePrefixOf(config)).includes(cookie)) {
    throw new UserError(`--sso-cookie: "${cookie}" is a cookie of Clock itself; choose another name`);
  }
  const { ssoIssuer: issuer, ssoClaim: claim, ssoOperators: operators } = config;
  const keys = secrets === undefined ? { jwks: jwks ?? '' } : { secrets };
  return { rules: { audience, issuer, claim, operators }, keys, cookie, header };
}

function checkUserHeader(name: string, { trustedProxy, ssoHeader }: WebSettings): void {
  if (trustedProxy.length === 0) {
    throw new UserError('--sso-user-header: needs --trusted-proxy; without it anybody could send the header');
  }
  if (name === ssoHeader) throw new UserError('--sso-user-header and --sso-header: must be different headers');
}

function warningsOf({ ssoUserHeader, trustedProxy, ssoJwks }: WebSettings): string[] {
  const wide = ssoUserHeader === undefined ? [] : trustedProxy.filter(isWide);
  const network =
    'every host in a range of --trusted-proxy can sign in as anybody, and a range is wider than /24 or /64';
  const insecure = 'anybody on the network can replace keys that are fetched over http; use https for --sso-jwks';
  return [...(wide.length === 0 ? [] : [network]), ...(/^http:/i.test(ssoJwks ?? '') ? [insecure] : [])];
}

/** Each of these options would have no effect. */
function refuseGiven(options: Readonly<Record<string, unknown>>, needs: string): void {
  const [flag] = Object.entries(options).find(([, value]) => value !== undefined) ?? [];
  if (flag !== undefined) throw new UserError(`${flag}: ${needs}`);
}
