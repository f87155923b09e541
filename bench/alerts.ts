/**
 * Runs a healthy installation under Debian's Prometheus with the alerting rules: the three roles over a Redis, with ten
 * sockets and an NTP server. Prints the alerts that were pending or firing, and the largest values of what the rules
 * limit. Exits with 1 if an alert fired.
 *
 *     npm run bench:alerts -- --minutes 30
 */
import { parseArgs } from 'node:util';
import { Installation } from '../test/faults/installation.ts';
import { FakeNtpServer } from '../test/support/ntp-server.ts';
import { Prometheus } from '../test/support/prometheus.ts';
import { passes } from '../test/support/until.ts';
import { print } from './print.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, clients: { type: 'string', default: '10' } },
});
/** As in Debian's prometheus.yml. */
const scrapeEveryS = 15;
const range = `[${values.minutes}m]`;

const installation = await Installation.prepare();
const ntp = await FakeNtpServer.start();
try {
  const prometheus = await Prometheus.start(await start(), scrapeEveryS);
  try {
    await passes(Number(values.minutes) * 60_000);
    await report(prometheus);
  } finally {
    await prometheus[Symbol.asyncDispose]();
  }
} finally {
  await installation[Symbol.asyncDispose]();
  await ntp[Symbol.asyncDispose]();
}

/** Starts the roles and opens the sockets. Returns the ports to scrape. */
async function start(): Promise<number[]> {
  const { port } = installation.redis;
  const web = await installation.begin('web', ['--ntp-server', `127.0.0.1:${ntp.server.port}`], {}, port);
  const worker = await installation.begin('worker', [], {}, port);
  const beat = await installation.begin('beat', [], {}, port);
  const client = await web.owner();
  for (let index = 0; index < Number(values.clients); index += 1) await client.connect();
  return [web, worker, beat].map(({ process }) => process.internalPort);
}

async function report(prometheus: Prometheus): Promise<void> {
  const [all] = await prometheus.query(`sum(count_over_time(up{job="clock"}${range}))`);
  const [successful] = await prometheus.query(`sum(sum_over_time(up{job="clock"}${range}))`);
  print(`${successful?.value ?? 0} of ${all?.value ?? 0} scrapes succeeded`);
  for (const [what, expression] of [
    ['age of the last tick, s', 'clock_tick_age_seconds'],
    [
      '99th percentile of the delay of ticks, s',
      'histogram_quantile(0.99, sum by (le) (rate(clock_tick_delay_seconds_bucket[5m])))',
    ],
    ['offset of a host, s', 'abs(clock_offset_seconds)'],
    ['offset and error of house time, s', 'abs(clock_authority_offset_seconds) + clock_authority_error_seconds'],
  ] as const) {
    const [most] = await prometheus.query(`max(max_over_time((${expression})[${values.minutes}m:${scrapeEveryS}s]))`);
    print(`largest ${what}: ${most?.value.toFixed(4) ?? 'none'}`);
  }
  const alerts = await prometheus.query(`count_over_time(ALERTS${range})`);
  for (const { labels, value } of alerts)
    print(`${labels['alertname']}: ${labels['alertstate']} at ${value} evaluations`);
  if (alerts.length === 0) print('no alert was pending or firing');
  if (alerts.some(({ labels }) => labels['alertstate'] === 'firing')) process.exitCode = 1;
}
