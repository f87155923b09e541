import { createAuthServices } from '../src/auth/auth-services.ts';
import type { Sessions } from '../src/auth/sessions.ts';
import { RedisBackend } from '../src/backend/redis/redis-backend.ts';
import { parseRedisTarget } from '../src/backend/redis/target.ts';
import { silentLogger } from '../src/logger.ts';
import { patient, RedisServer } from '../test/support/redis-server.ts';
import { password, secret } from './environment.ts';

/** Redis with an account, for benches that open sessions without a sign-in. */
export interface BenchInstallation {
  redis: RedisServer;
  backend: RedisBackend;
  sessions: Sessions;
  /** For the roles. */
  env: Record<string, string>;
  /** Opens sessions of the account, and returns their cookies. */
  openSessions(count: number): Promise<string[]>;
  stop(): Promise<void>;
}

/** Starts Redis and adds the account `ana`. */
export async function startInstallation(): Promise<BenchInstallation> {
  const redis = await RedisServer.start();
  const target = parseRedisTarget(redis.url);
  const backend = new RedisBackend({ target, prefix: '', channels: [], log: silentLogger(), ...patient });
  await backend.start();
  const { accounts, sessions } = createAuthServices(backend, () => [secret]);
  await accounts.add('ana', password, false);
  const account = await accounts.get('ana');
  if (account === null) throw new Error('the account is missing');
  return {
    redis,
    backend,
    sessions,
    env: { CLOCK_REDIS_URL: redis.url, CLOCK_SECRET: secret },
    async openSessions(count) {
      const cookies: string[] = [];
      for (let n = 0; n < count; n += 1) cookies.push(`sessionid=${(await sessions.open('ana', account)).credential}`);
      return cookies;
    },
    async stop() {
      await backend.stop();
      await redis.stop();
    },
  };
}
