import type { OptionTable } from '../config.ts';
import { BadValue, durationBetween, secretList } from '../option-parsers.ts';

function text(example: string): (value: string) => string {
  return (value) => {
    if (value.trim() === '') throw new BadValue(`a text that is not blank, such as ${example}`);
    return value;
  };
}

/** An address of a key set, or the path of a file. */
function keySetLocation(value: string): string {
  // "https:host" is an address with a mistake, not a path.
  const isPath = !/^(https?:|[a-z][a-z0-9+.-]*:\/\/)/i.test(value);
  if (isPath && value.trim() !== '') return value;
  if (isPath || !isWebAddress(value)) {
    throw new BadValue('a file or an address of http or https without a user name and password');
  }
  return value;
}

function isWebAddress(value: string): boolean {
  if (!/^https?:\/\//i.test(value) || !URL.canParse(value)) return false;
  const { username, password } = new URL(value);
  return username === '' && password === '';
}

/** The other application may also have paths on this host, as oauth2-proxy does. */
function signInAddress(value: string): string {
  const isPath = /^\/(?![/\\])/.test(value) && URL.canParse(value, 'http://this.site');
  // eslint-disable-next-line no-control-regex -- the value becomes a header
  if ((!isPath && !isWebAddress(value)) || /[\u0000-\u0020\u007f]/.test(value)) {
    throw new BadValue('an address of http or https, or a path on this host, such as https://app.example.org/login');
  }
  return value;
}

/** The characters of a token (RFC 9110, section 5.6.2). */
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/;

function cookieName(value: string): string {
  if (!tokenPattern.test(value)) throw new BadValue('the name of a cookie');
  return value;
}

/** Headers that Clock or its server reads for another purpose. */
const ownHeaders =
  /^(authorization|cookie|host|origin|forwarded|connection|upgrade|transfer-encoding|content-.*|x-forwarded-(for|host|port|proto)|sec-.*)$/;

/** The name in lower case, as `RequestHead` has it. */
function headerName(value: string): string {
  const name = value.toLowerCase();
  const isOwn = ownHeaders.test(name);
  if (!tokenPattern.test(value) || isOwn) {
    throw new BadValue(
      'the name of a header that HTTP and Clock do not use themselves; a token in Authorization is always read',
    );
  }
  return name;
}

/** A claim and the value that it must have. */
interface ClaimValue {
  claim: string;
  value: string;
}

function claimValue(given: string): ClaimValue {
  const cut = given.indexOf('=');
  if (cut < 1 || cut === given.length - 1) throw new BadValue('CLAIM=VALUE, such as groups=clock-operators');
  return { claim: given.slice(0, cut), value: given.slice(cut + 1) };
}

/** The options of a sign-in that is shared with another application. */
export const ssoOptions = {
  ssoJwks: {
    flag: '--sso-jwks <url-or-file>',
    env: ['CLOCK_SSO_JWKS'],
    parse: keySetLocation,
    help: 'public keys (JWKS) of another application, whose JWTs then sign in; needs --sso-audience',
  },
  ssoSecret: {
    env: ['CLOCK_SSO_SECRET'],
    secret: true,
    parse: secretList,
    help: 'instead of --sso-jwks, the secret with which the other application signs (HS256); to rotate it, set NEW,OLD',
  },
  ssoAudience: {
    flag: '--sso-audience <text>',
    env: ['CLOCK_SSO_AUDIENCE'],
    parse: text('clock'),
    help: 'the audience (aud) that JWTs of the other application must have',
  },
  ssoIssuer: {
    flag: '--sso-issuer <text>',
    env: ['CLOCK_SSO_ISSUER'],
    parse: text('https://id.example.org'),
    help: 'the issuer (iss) that they must have (default: any)',
  },
  ssoClaim: {
    flag: '--sso-claim <claim>',
    env: ['CLOCK_SSO_CLAIM'],
    parse: text('preferred_username'),
    default: 'sub',
    help: 'the claim with the name of the account; a path such as user.name for one within another',
  },
  ssoCookie: {
    flag: '--sso-cookie <name>',
    env: ['CLOCK_SSO_COOKIE'],
    parse: cookieName,
    help: 'the cookie with the JWT of the other application',
  },
  ssoHeader: {
    flag: '--sso-header <name>',
    env: ['CLOCK_SSO_HEADER'],
    parse: headerName,
    help: 'the header with its JWT, as gateways send it, such as Cf-Access-Jwt-Assertion',
  },
  ssoUserHeader: {
    flag: '--sso-user-header <name>',
    env: ['CLOCK_SSO_USER_HEADER'],
    parse: headerName,
    help: 'the header in which an authenticating proxy names the user, such as X-Remote-User; needs --trusted-proxy',
  },
  ssoOperators: {
    flag: '--sso-operators <claim=value>',
    env: ['CLOCK_SSO_OPERATORS'],
    parse: claimValue,
    help: 'the claim that makes an operator: it equals the value, or is a list that contains it',
  },
  ssoRecheckMs: {
    flag: '--sso-recheck <duration>',
    env: ['CLOCK_SSO_RECHECK'],
    parse: durationBetween(1_000, 86_400_000, '5m'),
    default: '5m',
    help: 'the longest life of a socket; then its page authenticates again',
  },
  ssoSignIn: {
    flag: '--sso-sign-in <url>',
    env: ['CLOCK_SSO_SIGN_IN'],
    parse: signInAddress,
    help: 'where people who are signed out sign in; {next} is the address to return to, else next= is appended',
  },
  ssoSignOut: {
    flag: '--sso-sign-out <url>',
    env: ['CLOCK_SSO_SIGN_OUT'],
    parse: signInAddress,
    help: 'where people end the sign-in of the other application; a link after signing out of Clock',
  },
} as const satisfies OptionTable;
