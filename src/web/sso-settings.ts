import type { TokenRules } from '../auth/sso/token-verifier.ts';
import { UserError } from '../lifecycle.ts';
import { ownCookieNames } from './cookies.ts';
import type { WebSettings } from './options.ts';

/** How requests are signed in by another application. */
export interface SsoSettings {
  rules: TokenRules;
  /** The keys of its JWTs: an address or a file, or secrets that both applications know. */
  keys: { jwks: string } | { secrets: readonly [string, ...string[]] };
  cookie: string | undefined;
  /** In lower case. */
  header: string | undefined;
  recheckMs: number;
}

/** The shared sign-in that the options configure; null without one. Throws a `UserError` if they contradict each other. */
export function ssoSettings(config: WebSettings): SsoSettings | null {
  const { ssoJwks: jwks, ssoSecret: secrets, ssoAudience: audience, ssoCookie: cookie, ssoHeader: header } = config;
  if (jwks !== undefined && secrets !== undefined) {
    throw new UserError('--sso-jwks and CLOCK_SSO_SECRET: set one of them');
  }
  if (jwks === undefined && secrets === undefined) {
    refuseWithoutKeys(config);
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
  const { ssoIssuer: issuer, ssoClaim: claim, ssoOperators: operators, ssoRecheckMs: recheckMs } = config;
  const keys = secrets === undefined ? { jwks: jwks ?? '' } : { secrets };
  return { rules: { audience, issuer, claim, operators }, keys, cookie, header, recheckMs };
}

/** The prefix of the cookie names. With a shared sign-in it is not empty: Django uses the same names. */
export function cookiePrefixOf({ cookiePrefix, ssoJwks, ssoSecret }: WebSettings): string {
  const isShared = ssoJwks !== undefined || ssoSecret !== undefined;
  return cookiePrefix ?? (isShared ? 'clock_' : '');
}

/** Each of these options would have no effect. */
function refuseWithoutKeys(config: WebSettings): void {
  const given = {
    '--sso-audience': config.ssoAudience,
    '--sso-issuer': config.ssoIssuer,
    '--sso-cookie': config.ssoCookie,
    '--sso-header': config.ssoHeader,
    '--sso-operators': config.ssoOperators,
  };
  const [flag] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (flag !== undefined) throw new UserError(`${flag}: needs --sso-jwks or CLOCK_SSO_SECRET`);
}
