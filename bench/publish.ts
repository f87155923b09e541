/**
 * Publishes at several rates to sockets that also receive a tick every 500 ms, and compares `clock web` with bare
 * uWebSockets.js, which relays the same bytes from the same Redis. Prints CPU per delivered frame, the share of a core
 * that each process uses, the share of frames that arrived before the end of the measurement, and the tick delays of web.
 *
 *     npm run bench:publish -- --sockets 1000,5000 --rates 1,10,20
 */
import { parseArgs } from 'node:util';
import { RedisBackend } from '../src/backend/redis/redis-backend.ts';
import { Keys } from '../src/backend/redis/keys.ts';
import { parseRedisTarget } from '../src/backend/redis/target.ts';
import { Channels } from '../src/channels/channels.ts';
import { silentLogger } from '../src/logger.ts';
import { Client } from '../test/support/client.ts';
import { startClock } from '../test/support/clock-process.ts';
import { RedisServer } from '../test/support/redis-server.ts';
import { passes, until } from '../test/support/until.ts';
import { startBaseline } from './baseline.ts';
import { openClients } from './clients.ts';
import { print } from './print.ts';
import { usageOf } from './usage.ts';

const { values } = parseArgs({
  options: {
    sockets: { type: 'string', default: '1000,5000' },
    rates: { type: 'string', default: '1,10,20' },
    seconds: { type: 'string', default: '5' },
  },
});
const seconds = Number(values.seconds);
const password = 'a password for the bench';

interface Figures {
  cpuUsPerDelivery: number;
  /** Of the process, in percent of a core. */
  cpuPercent: number;
  /** The share of the frames that were to arrive within the measurement. */
  delivered: number;
}

const redis = await RedisServer.start();
const env = {
  CLOCK_REDIS_URL: redis.url,
  CLOCK_SECRET: 'a secret of the bench that has 32 bytes or more',
  CLOCK_ADMIN_PASSWORD: password,
};
const options = { target: parseRedisTarget(redis.url), prefix: '', channels: [], log: silentLogger() };
const host = new RedisBackend(options);
await host.start();
await new Channels(host).add('news', 'everyone');
const worker = await startClock(['worker'], { env });
const beat = await startClock(['beat'], { env });
const web = await startClock(['web', '--host', '127.0.0.1'], { env });
const keys = new Keys('', 0);
const baseline = await startBaseline(redis.url, [keys.tickChannel('time'), keys.publicationChannel]);
try {
  const client = new Client(web.url);
  await client.signIn('admin', password);
  const cookie = client.cookieHeader();
  const isKnown = async () => (await client.fetch('/api/initial_state?channel=news')).status === 200;
  await until(isKnown, 'the channel is known');
  for (const sockets of values.sockets.split(',').map(Number)) {
    for (const rate of values.rates.split(',').map(Number)) {
      const bare = await measure(baseline.pid, baseline.port, 'sessionid=whatever', sockets, rate);
      const clock = await measure(web.pid, web.port, cookie, sockets, rate);
      const ratio = clock.cpuUsPerDelivery / bare.cpuUsPerDelivery;
      print(
        `${sockets} sockets, ${rate} messages a second: CPU per delivery bare ${bare.cpuUsPerDelivery.toFixed(2)}, ` +
          `clock ${clock.cpuUsPerDelivery.toFixed(2)} us, ratio ${ratio.toFixed(2)}; CPU of the process ` +
          `${bare.cpuPercent.toFixed(0)} and ${clock.cpuPercent.toFixed(0)} % of a core; delivered in time ` +
          `${(100 * bare.delivered).toFixed(1)} and ${(100 * clock.delivered).toFixed(1)} %`,
      );
    }
  }
  const text = await (await web.ask('/metrics')).text();
  print(text.match(/^clock_tick_delay_seconds_.*$/gm)?.join('\n') ?? '');
} finally {
  await Promise.all([baseline.stop(), worker.stop(), beat.stop(), web.stop(), host.stop()]);
  await redis.stop();
}

async function measure(pid: number, port: number, cookie: string, sockets: number, rate: number): Promise<Figures> {
  const clients = await openClients(port, sockets, '?channels=time,news', cookie);
  await passes(1_000);
  clients.framesSinceLast();
  const start = usageOf(pid);
  const startedAt = performance.now();
  for (let n = 1; n <= rate * seconds; n += 1) {
    await host.publications.publish({ channel: 'news', json: `"Doors open, ${n}"` });
    await passes(Math.max(0, startedAt + (n * 1_000) / rate - performance.now()));
  }
  const frames = clients.framesSinceLast();
  const elapsedS = (performance.now() - startedAt) / 1_000;
  const cpuUs = usageOf(pid).cpuUs - start.cpuUs;
  clients.close();
  await passes(500);
  return {
    cpuUsPerDelivery: cpuUs / frames,
    cpuPercent: cpuUs / elapsedS / 10_000,
    delivered: frames / (sockets * (rate * seconds + 2 * elapsedS)),
  };
}
