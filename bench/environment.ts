export const secret = 'a secret of the bench that has 32 bytes or more';
/** The password of `admin`. */
export const password = 'a password for the bench';

/** The environment of the roles of an installation. */
export function environmentOf(redisUrl: string): Record<string, string> {
  return { CLOCK_REDIS_URL: redisUrl, CLOCK_SECRET: secret, CLOCK_ADMIN_PASSWORD: password };
}
