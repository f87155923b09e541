/**
 * Measures the CPU of `clock web` for handshakes, and compares it with bare uWebSockets.js (`handshake-floor.ts`), one
 * after the other in each round. Each starts anew and gets
 *
 *   first      sessions that were used before the start
 *   announced  no handshakes: other sessions are opened in another process, which Clock announces to web
 *   elsewhere  the sessions that were opened there
 *   again      the same ones a second time
 *   refused    requests without a credential
 *
 * With `--stored N` it measures instead the start of web while N sessions are stored, each of an account of its own: its
 * time, and the resident memory at once and after the records were forgotten.
 *
 *     npm run bench:handshakes -- --handshakes 1000 --rounds 5
 *     npm run bench:handshakes -- --stored 20000
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { startClock } from '../test/support/clock-process.ts';
import { passes } from '../test/support/until.ts';
import { startServer } from './baseline.ts';
import { openClients } from './clients.ts';
import { startInstallation } from './installation.ts';
import { readNumbers } from './options.ts';
import { print } from './print.ts';
import { median, usageOf } from './usage.ts';

const { handshakes: count, rounds: roundCount, stored } = readNumbers({ handshakes: 1_000, rounds: 5, stored: 0 });
const rows = ['first', 'announced', 'elsewhere', 'again', 'refused'] as const;
const floors = ['now', 'bare', 'sound'] as const;

/** Web has read the records of sessions that were announced this long ago. */
const announcedWithinMs = 300;

/** CPU of the server for `count` handshakes, ms. */
type Figures = Record<(typeof rows)[number], number>;

const installation = await startInstallation();
const { redis, backend, sessions, env } = installation;
try {
  if (stored === 0) await compare();
  else await measureStarts();
} finally {
  await installation.stop();
}

async function measureStarts(): Promise<void> {
  print(`without sessions: ${await measureStart()}`);
  for (let n = 0; n < stored; n += 1) {
    const account = { name: `user${n}`, passwordHash: 'x'.repeat(150), operator: false, securityStamp: String(n) };
    await backend.records.create('account', account.name, account);
    await sessions.open(account.name, account);
  }
  print(`with ${stored} sessions: ${await measureStart()}`);
}

async function measureStart(): Promise<string> {
  const startedAt = performance.now();
  const web = await startClock(['web', '--host', '127.0.0.1'], { env });
  const ms = performance.now() - startedAt;
  const mib = (): string => (usageOf(web.pid).residentKiB / 1_024).toFixed(0);
  const atStart = mib();
  await passes(75_000);
  const text = `listening after ${ms.toFixed(0)} ms with ${atStart} MiB, ${mib()} MiB after 75 s`;
  await web.stop();
  return text;
}

async function compare(): Promise<void> {
  const rounds: Record<'clock' | (typeof floors)[number], Figures>[] = [];
  for (let round = 0; round < roundCount; round += 1) {
    rounds.push({
      now: await measureFloor('now'),
      bare: await measureFloor('bare'),
      sound: await measureFloor('sound'),
      clock: await measureClock(),
    });
  }
  print(`CPU in ms of ${count} handshakes, medians of ${rounds.length} rounds`);
  for (const row of rows) {
    const medianOf = (name: keyof (typeof rounds)[number]): string =>
      median(rounds.map((round) => round[name][row])).toFixed(0);
    const ratioTo = (name: (typeof floors)[number]): string =>
      median(rounds.map((round) => round.clock[row] / round[name][row])).toFixed(2);
    const all = row === 'announced' ? [] : floors.map((name) => `${name} ${medianOf(name)} (ratio ${ratioTo(name)})`);
    const range = rounds.map((round) => round.clock[row]).toSorted((a, b) => a - b);
    const [least = 0, greatest = 0] = [range[0], range.at(-1)];
    print([`${row}: clock ${medianOf('clock')} (${least.toFixed(0)} to ${greatest.toFixed(0)})`, ...all].join(', '));
  }
}

async function measureClock(): Promise<Figures> {
  const openSessions = (): Promise<string[]> => installation.openSessions(count);
  const before = await openSessions();
  const web = await startClock(['web', '--host', '127.0.0.1'], { env });
  try {
    return await measure(web.pid, web.port, before, openSessions);
  } finally {
    await web.stop();
  }
}

async function measureFloor(mode: (typeof floors)[number]): Promise<Figures> {
  const server = await startServer('handshake-floor.ts', [redis.url, mode]);
  // As long as a cookie of Clock.
  const cookies = Array.from({ length: count }, (_, n) => `sessionid=${String(n).padStart(300, '0')}`);
  try {
    return await measure(server.pid, server.port, cookies, async () => cookies);
  } finally {
    await server.stop();
  }
}

async function measure(
  pid: number,
  port: number,
  before: readonly string[],
  open: () => Promise<readonly string[]>,
): Promise<Figures> {
  await passes(1_000);
  const first = await cpuOf(pid, () => openAndClose(port, before));
  let opened: readonly string[] = [];
  const announced = await cpuOf(pid, async () => {
    opened = await open();
    await passes(announcedWithinMs);
    return () => {};
  });
  const elsewhere = await cpuOf(pid, () => openAndClose(port, opened));
  const again = await cpuOf(pid, () => openAndClose(port, opened));
  const refused = await cpuOf(pid, () => refuse(port));
  return { first, announced, elsewhere, again, refused };
}

/** The CPU time of a process, ms, while `work` opens its sockets; not while they close. */
async function cpuOf(pid: number, work: () => Promise<() => void>): Promise<number> {
  const start = usageOf(pid).cpuUs;
  const close = await work();
  const end = usageOf(pid).cpuUs;
  close();
  await passes(500);
  return (end - start) / 1_000;
}

async function openAndClose(port: number, cookies: readonly string[]): Promise<() => void> {
  const clients = await openClients(port, cookies.length, '', cookies);
  return () => clients.close();
}

async function refuse(port: number): Promise<() => void> {
  for (let n = 0; n < count; n += 1) {
    const socket = connect(port, '127.0.0.1');
    socket.write(
      `GET /time/tic/ HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n',
    );
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    if (!bytes.subarray(9, 12).equals(Buffer.from('401'))) throw new Error('the handshake was not refused with 401');
    socket.destroy();
  }
  return () => {};
}
