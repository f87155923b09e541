import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { queryNtp } from '../../src/authority/query-ntp.ts';
import { AuthorityCheck } from '../../src/authority/authority-check.ts';
import type { NtpServer } from '../../src/authority/options.ts';
import { ServerAddresses } from '../../src/authority/server-addresses.ts';
import { silentLogger } from '../../src/logger.ts';
import { HostTime } from '../../src/time/house-time.ts';
import type { NtpResponse } from '../../src/time/ntp/packet.ts';
import { freePort } from '../support/free-port.ts';
import { type AnswerFields, boundSocket, Chrony, FakeNtpServer } from '../support/ntp-server.ts';
import { stopwatch } from '../support/stopwatch.ts';
import { until } from '../support/until.ts';
import { WebApp } from '../support/web-app.ts';

const never = new AbortController().signal;
const noAnswer: NtpResponse = { kind: 'refused', reason: 'no answer within 2 s' };

/** Queries a server until it answers: on a busy machine a query may end before the process reads the answer. */
function queryUntilAnswered(of: NtpServer): Promise<Extract<NtpResponse, { kind: 'time' }>> {
  return until(async () => {
    const answer = await queryNtp(of, never);
    return answer.kind === 'time' ? answer : null;
  }, 'the server answers');
}

let server: FakeNtpServer;
let chrony: Chrony;

beforeAll(async () => {
  server = await FakeNtpServer.start();
  chrony = await Chrony.start(await freePort());
});

afterEach(() => {
  server.reply = (send) => send();
  server.aheadMs = 0;
  server.requests = [];
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await chrony?.[Symbol.asyncDispose]();
});

describe('a query of an NTP server', () => {
  test('is answered by chrony with the time of its host', async () => {
    const before = Date.now();
    const { exchange, rootDistanceMs } = await queryUntilAnswered(chrony.server);
    expect(exchange.sent).toBeGreaterThan(before - 1_000);
    expect(exchange.sent).toBeLessThan(Date.now() + 1_000);
    expect(rootDistanceMs).toBeLessThan(1_000);
  });

  test('is answered over IPv6 and by name', async () => {
    await using six = await FakeNtpServer.start('::1');
    expect((await queryUntilAnswered(six.server)).kind).toBe('time');
    expect((await queryUntilAnswered({ ...server.server, host: 'localhost' })).kind).toBe('time');
  });

  test('has another nonce and another port each time', async () => {
    const ports = new Set<number>();
    server.reply = (send, _request, { port }) => {
      ports.add(port);
      send();
    };
    for (let count = 0; count < 3; count += 1) await queryNtp(server.server, never);
    expect(new Set(server.requests.map((request) => request.toString('hex', 40))).size).toBe(3);
    expect(ports.size).toBe(3);
  });

  test.each<[string, AnswerFields]>([
    ['of stratum 16', { stratum: 16 }],
    ['of stratum 0', { stratum: 0 }],
    ['with the alarm bit', { leap: 3 }],
    ['that claims a time before the request', { receivedAt: Date.now() - 60_000 }],
  ])('ends with a refusal when the answer is one %s', async (_, fields) => {
    server.reply = (send) => send(fields);
    expect((await queryNtp(server.server, never)).kind).toBe('refused');
  });

  test('ends after 2 s without an answer, and after one with a wrong nonce', async () => {
    const forged = Buffer.from('forged!!');
    await using other = await FakeNtpServer.start();
    server.reply = () => {};
    other.reply = (send) => send({ nonce: forged });
    const answers = await Promise.all([queryNtp(server.server, never), queryNtp(other.server, never)]);
    expect(answers).toEqual([noAnswer, noAnswer]);
  });

  test('takes no answer from another port or another address', async () => {
    const [otherPort, otherAddress] = await Promise.all([boundSocket(), boundSocket('127.0.0.2')]);
    server.reply = (send) => {
      send({}, otherPort);
      send({}, otherAddress);
    };
    expect(await queryNtp(server.server, never)).toEqual(noAnswer);
    otherPort.close();
    otherAddress.close();
  });

  test('takes the right answer after a forged one, and the first of two', async () => {
    server.reply = (send) => {
      send({ nonce: Buffer.from('forged!!') });
      send();
      send({ receivedAt: 1_000, sentAt: 1_000 });
    };
    const { exchange } = await queryUntilAnswered(server.server);
    expect(exchange.sent).toBeGreaterThan(Date.now() - 60_000);
  });

  test('counts a late answer with a bound as wide as it was late', async () => {
    const time = new HostTime();
    server.reply = (send) => {
      const receivedAt = time.now();
      const lateAt = performance.now() + 300;
      void until(() => performance.now() > lateAt, 'it is late').then(() => send({ receivedAt, sentAt: receivedAt }));
    };
    await using check = await checkOf([server.server]);
    await pollUntilAnswered(check);
    expect(check.reading?.boundMs).toBeGreaterThan(149);
    // The clocks of the test and of the check are read with a resolution of 1 ms at worst.
    expect(Math.abs(check.reading?.offsetMs ?? NaN)).toBeLessThan((check.reading?.boundMs ?? 0) + 2);
  });

  test('uses an address that was found too late for the query before', async () => {
    const found = Promise.withResolvers<LookupAddress[]>();
    const lookups: string[] = [];
    const addresses = new ServerAddresses((host) => {
      lookups.push(host);
      return found.promise;
    });
    const named = { ...server.server, host: 'time.example' };
    expect(await queryNtp(named, never, addresses)).toEqual(noAnswer);
    found.resolve([{ address: '127.0.0.1', family: 4 }]);
    expect((await queryNtp(named, never, addresses)).kind).toBe('time');
    expect((await queryNtp(named, never, addresses)).kind).toBe('time');
    expect(lookups).toEqual(['time.example']);
    server.reply = (send) => send({ stratum: 16 });
    for (let count = 0; count < 2; count += 1) await queryNtp(named, never, addresses);
    expect(lookups).toHaveLength(2);
  });

  test('uses the next address of a name after one that cannot be reached, and then after one that is silent', async () => {
    await using silent = await FakeNtpServer.start('127.0.0.3', server.server.port);
    silent.reply = () => {};
    const named = { ...server.server, host: 'time.example' };
    const of = (...hosts: string[]): ServerAddresses =>
      new ServerAddresses(async () => hosts.map((address) => ({ address, family: isIP(address) })));
    const isAnswered = async (addresses: ServerAddresses): Promise<boolean> =>
      (await queryNtp(named, never, addresses)).kind === 'time';
    await until(() => isAnswered(of('::1', '127.0.0.1')), 'a single query reaches the second address');
    const all = of('::1', '127.0.0.3', '127.0.0.1');
    await until(() => isAnswered(all), 'the server at the last address answers');
  });

  test('ends at once if the host has no route to the server', async () => {
    const broadcast = { host: '255.255.255.255', port: 123 };
    // Without a route there is another code, but the failure is the same: that of connecting.
    expect(await queryNtp(broadcast, never)).toEqual({ kind: 'refused', reason: expect.stringMatching(/^E[A-Z]+$/) });
  });

  test('ends at once where nothing listens, and when the process stops', async () => {
    expect(await queryNtp({ host: '127.0.0.1', port: await freePort() }, never)).toMatchObject({ kind: 'refused' });
    server.reply = () => {};
    const stopping = new AbortController();
    const answer = queryNtp(server.server, stopping.signal);
    await until(() => server.requests.length === 1, 'the server is queried');
    const elapsedMs = stopwatch();
    stopping.abort();
    await answer;
    expect(elapsedMs()).toBeLessThan(1_000);
  });
});

/** A check that a test polls by hand. */
async function checkOf(servers: readonly NtpServer[]): Promise<AuthorityCheck & AsyncDisposable> {
  const check = new AuthorityCheck({ servers, alarmMs: 100, time: new HostTime(), log: silentLogger() });
  return Object.assign(check, { [Symbol.asyncDispose]: () => check.stop() });
}

/** Polls until each server has answered: on a busy machine a query may end before the process reads the answer. */
async function pollUntilAnswered(check: AuthorityCheck): Promise<void> {
  await until(async () => {
    await check.poll();
    return check.problems.length === 0;
  }, 'each server has answered');
}

describe('house time', () => {
  test('is this host’s by chrony, with one liar beside two true servers', async () => {
    await using liar = await FakeNtpServer.start();
    liar.aheadMs = 3_000;
    await using check = await checkOf([liar.server, chrony.server, server.server]);
    await pollUntilAnswered(check);
    expect(check.reading?.isContradiction).toBe(false);
    expect(Math.abs(check.reading?.offsetMs ?? NaN)).toBeLessThanOrEqual((check.reading?.boundMs ?? 0) + 1);
    expect(check.utcErrorMs).toBeLessThan(1_000);
  });

  test('is 3 s off by a lone server that is, and by two that contradict each other', async () => {
    server.aheadMs = 3_000;
    await using alone = await checkOf([server.server]);
    await pollUntilAnswered(alone);
    expect(Math.abs((alone.reading?.offsetMs ?? NaN) + 3_000)).toBeLessThan((alone.reading?.boundMs ?? 0) + 2);
    await using both = await checkOf([server.server, chrony.server]);
    await pollUntilAnswered(both);
    expect(both.reading?.isContradiction).toBe(true);
    expect(both.utcErrorMs).toBeGreaterThan(2_900);
  });
});

describe('the answer to a sync', () => {
  async function syncOf(app: WebApp): Promise<Record<string, unknown>> {
    using socket = await (await app.signedIn()).connect();
    socket.send('{"sync":1}');
    return JSON.parse(await socket.next()).sync;
  }

  test('has no error against UTC without an NTP server', async () => {
    await using app = await WebApp.start();
    const sync = await syncOf(app);
    expect(sync['utcError']).toBeNull();
    expect(sync).not.toHaveProperty('utcAlarm');
  });

  test('carries the error against UTC, and the alarm', async () => {
    await using app = await WebApp.start({ utc: { utcErrorMs: 12.5, alarm: null } });
    const sync = await syncOf(app);
    expect(sync['utcError']).toBe(12.5);
    expect(sync).not.toHaveProperty('utcAlarm');
    await using alarmed = await WebApp.start({ utc: { utcErrorMs: 3_012.5, alarm: 'deviation' } });
    expect(await syncOf(alarmed)).toMatchObject({ utcError: 3_012.5, utcAlarm: true });
  });
});
