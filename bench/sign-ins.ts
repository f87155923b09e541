/**
 * Measures what sign-ins in bulk cost everybody else: the delay of ticks and the duration of handshakes, first without
 * and then during attempts with a wrong password from many addresses. Each handshake verifies a signature, which needs
 * a thread of the pool that hashes passwords, too.
 *
 *     node_modules/.bin/node bench/sign-ins.ts --seconds 20 --concurrency 16
 */
import { parseArgs } from 'node:util';
import { Client } from '../test/support/client.ts';
import { startClock } from '../test/support/clock-process.ts';
import { passes } from '../test/support/until.ts';
import { print } from './print.ts';

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, concurrency: { type: 'string', default: '16' } },
});
const durationMs = Number(values.seconds) * 1_000;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const all = await startClock(['all', '--interval', '50', '--trusted-proxy', '127.0.0.1']);
const owner = new Client(all.url);
await owner.signIn('admin', all.adminPassword());
const { socket } = await owner.connect();
let delaysMs: number[] = [];
socket.on('message', (data) => {
  const { message } = JSON.parse(String(data));
  delaysMs.push(performance.timeOrigin + performance.now() - message.at);
});

// The same credential with other unused bits at its end is not found in the cache, so its signature is verified.
const visitor = new Client(all.url);
const credential = owner.cookies.get('sessionid') ?? '';
const lastBits = alphabet.indexOf(credential.slice(-1));
visitor.cookies.set('sessionid', credential.slice(0, -1) + alphabet.charAt(lastBits ^ 1));

/** Opens one socket after the other. Resolves to the duration of each handshake, ms. */
async function handshakes(): Promise<number[]> {
  const durations: number[] = [];
  const end = performance.now() + durationMs;
  while (performance.now() < end) {
    const begin = performance.now();
    const opened = await visitor.connect();
    durations.push(performance.now() - begin);
    opened.socket.terminate();
    await passes(20);
  }
  return durations;
}

function report(name: string, sample: readonly number[]): void {
  const sorted = sample.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN).toFixed(1);
  print(`${name}: ${sorted.length}, p50 ${at(0.5)}, p99 ${at(0.99)}, maximum ${at(1)} ms`);
}

async function measure(name: string): Promise<void> {
  delaysMs = [];
  const durations = await handshakes();
  report(`${name}, ticks`, delaysMs);
  report(`${name}, handshakes`, durations);
}

await passes(2_000);
await measure('without sign-ins');

const statuses = new Map<number, number>();
const stopping = new AbortController();
let attempts = 0;
async function signInRepeatedly(): Promise<void> {
  const client = new Client(all.url);
  while (!stopping.signal.aborted) {
    const address = `10.${(attempts >> 16) & 255}.${(attempts >> 8) & 255}.${attempts & 255}`;
    attempts += 1;
    const fields = { username: `nobody${attempts}`, password: 'a wrong password' };
    const { status } = await client.post('/accounts/login/', fields, { 'X-Forwarded-For': address });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    // A refused attempt is repeated no faster than a person could.
    if (status !== 200) await passes(100);
  }
}
const load = Array.from({ length: Number(values.concurrency) }, () => signInRepeatedly());
await passes(1_000);
await measure('during sign-ins');
stopping.abort();
await Promise.all(load);
const counts = [...statuses].map(([status, count]) => `${count} with ${status}`);
print(`sign-ins: ${counts.join(', ')}`);
socket.terminate();
await all.stop();
