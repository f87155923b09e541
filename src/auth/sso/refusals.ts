/**
 * Why a shared sign-in is refused, by what follows: `expired`: the visitor signs in again. `token`: the credential is
 * wrong, and the response does not say why. `account`: the credential is right, and its account may not sign in. `pending`:
 * it cannot be checked yet. Each text is for the log.
 */
export const refusalReasons = {
  expired: { kind: 'expired', text: 'the token has expired' },
  repeated: { kind: 'token', text: 'the request has several cookies or headers of this name' },
  malformed: { kind: 'token', text: 'the text is not a signed JWT' },
  algorithm: { kind: 'token', text: 'the algorithm of the token is not accepted' },
  'unknown-key': { kind: 'token', text: 'no known key has the kid and algorithm of the token' },
  signature: { kind: 'token', text: 'the signature of the token is wrong' },
  audience: { kind: 'token', text: 'the token is for another audience (aud); compare --sso-audience' },
  issuer: { kind: 'token', text: 'the token is from another issuer (iss); compare --sso-issuer' },
  'no-expiry': { kind: 'token', text: 'the token has no expiry (exp)' },
  'far-expiry': { kind: 'token', text: 'the token expires (exp) in more than 400 days' },
  'not-yet': { kind: 'token', text: 'the token is not valid yet (nbf or iat); compare the clocks' },
  claims: { kind: 'token', text: 'a claim of the token has the wrong type' },
  name: {
    kind: 'token',
    text: 'the claim is not an account name of 1 to 64 letters, digits and @.+-_; choose another with --sso-claim',
  },
  'user-name': {
    kind: 'token',
    text: 'the header of the proxy is not an account name of 1 to 64 letters, digits and @.+-_',
  },
  'local-name': {
    kind: 'account',
    text: "a local account has this name; 'clock user sso NAME' makes it an account of the shared sign-in",
  },
  'other-subject': {
    kind: 'account',
    text: "another issuer or subject (iss, sub) signed in with this name first; 'clock user remove NAME' removes the account",
  },
  disabled: { kind: 'account', text: 'the account is disabled' },
  'no-keys': { kind: 'pending', text: 'the keys of the other application are not loaded yet' },
  starting: { kind: 'pending', text: 'the first account does not exist yet' },
} as const satisfies Record<string, { kind: 'expired' | 'token' | 'account' | 'pending'; text: string }>;

export type RefusalReason = keyof typeof refusalReasons;

/** A credential of another application that does not sign in. */
export interface Refusal {
  reason: RefusalReason;
  /** What was found instead, for the log. */
  found?: string | undefined;
  /** The id of the account, if the credential itself is right. */
  account?: string;
}
