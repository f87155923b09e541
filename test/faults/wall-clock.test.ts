import { afterAll, describe, expect, test } from 'vitest';
import { Client, type TestSocket } from '../support/client.ts';
import { startClock } from '../support/clock-process.ts';
import { measureStall, stopwatch } from '../support/stopwatch.ts';
import { until } from '../support/until.ts';
import { WallClock } from '../support/wall-clock.ts';
import { faultsOf, type ReceivedTick, Installation, recordTicks, longestStepMs, waitForTicks } from './installation.ts';

afterAll(() => WallClock.removeAll());

/** Starts `clock all` with a wall clock, and signs in. */
async function startAll(clock: WallClock, args: readonly string[] = [], zone = 'UTC') {
  const all = await startClock(['all', '--zone', zone, ...args], { env: { ...clock.env, TZ: 'UTC' } });
  const owner = new Client(all.url);
  await owner.signIn('admin', all.adminPassword());
  return { all, owner };
}

// Debian's redis-server does not run under libfaketime. redis.test.ts simulates a step of Redis's host.
describe('a wall clock', () => {
  test('of any role that is 1 h off, or steps by 2 h, changes nothing on a screen', async () => {
    await using running = await Installation.prepare();
    const clocks = { web: new WallClock('-3600'), worker: new WallClock('+3600'), beat: new WallClock('+3600') };
    const [web] = await Promise.all([
      running.begin('web', [], clocks.web.env),
      running.begin('worker', [], clocks.worker.env),
      running.begin('beat', [], clocks.beat.env),
    ]);
    const owner = await web.owner();
    using socket = await owner.connect();
    const ticks = recordTicks(socket);
    await waitForTicks(ticks, 3);
    clocks.beat.set('-3600');
    clocks.worker.set('-3600');
    clocks.web.set('+3600');
    await waitForTicks(ticks, 6);
    expect(faultsOf(ticks, 500)).toEqual([]);
    expect(ticks.every(({ lateMs }) => lateMs > -50)).toBe(true);
    const sentAt = Date.now();
    socket.send('{"sync":1}');
    const answer = await until(() => socket.frames.find((frame) => frame.includes('"sync"')), 'the answer');
    const { received } = JSON.parse(answer).sync;
    expect(received).toBeGreaterThan(sentAt - 1_000);
    expect(received).toBeLessThan(Date.now() + 1_000);
    expect((await owner.fetch('/')).status).toBe(200);
    expect(await web.metric('clock_offset_seconds')).toBeLessThan(-3_500);
    await web.process.logged("this host's clock differs from house time; check NTP here and on Redis's host");
  });

  test('that is set 1 h back or forward on the host of clock all is followed within 2 s, and seq rises', async () => {
    const clock = new WallClock('+0');
    const { all, owner } = await startAll(clock);
    await using _all = all;
    using socket = await owner.connect();
    const ticks = recordTicks(socket);
    await waitForTicks(ticks, 3);
    await expectFollowed(clock, -3_600_000, ticks);
    await expectFollowed(clock, 0, ticks);
    const seqs = ticks.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
    expect(socket.socket.readyState).toBe(socket.socket.OPEN);
    expect((await owner.fetch('/')).status).toBe(200);
  });

  test('that passes a change of summer time gives regular instants, and seq rises', async () => {
    await Promise.all([
      expectChange('2026-10-25T01:00:00Z', { hoursBefore: 2, hoursAfter: 1 }),
      expectChange('2026-03-29T01:00:00Z', { hoursBefore: 1, hoursAfter: 2 }),
    ]);
  });

  test('gives the date at once, and with --interval 60000 a tick at each full minute together with the next date', async () => {
    const minute = Date.parse('2026-05-04T11:59:00Z');
    /** The offset with which it is so many seconds after the full minute now. */
    const after = (seconds: number): string => String((minute - Date.now()) / 1_000 + seconds);
    const wall = new WallClock(after(1));
    const { all, owner } = await startAll(wall, ['--interval', '60000']);
    await using _all = all;
    const dateState = await (await owner.fetch('/api/initial_state?channel=date')).json();
    expect(dateState).toMatchObject({ current: '2026-05-04', at: minute, stale: false });
    using socket: TestSocket = await owner.connect('?channels=time,date');
    const [ticks, dates] = [recordTicks(socket), recordTicks(socket, 'date')];
    wall.set(after(52));
    await waitForTicks(ticks, 1, 30_000);
    const at = minute + 60_000;
    expect(ticks).toMatchObject([{ text: '12:00:00', at }]);
    await until(() => dates.length === 1, 'the date comes');
    expect(dates).toMatchObject([{ text: '2026-05-04', at }]);
    const state = await (await owner.fetch('/api/initial_state')).json();
    expect(state).toMatchObject({ interval: 60_000, stale: false, at });
  });
});

/** Sets the clock of the authority, and checks that the next instants are published without a gap. */
async function expectFollowed(clock: WallClock, aheadMs: number, ticks: readonly ReceivedTick[]): Promise<void> {
  clock.set(aheadMs === 0 ? '+0' : String(aheadMs / 1_000));
  const [elapsedMs, stalledMs] = [stopwatch(), measureStall()];
  const before = ticks.length;
  const isOfNow = ({ at }: ReceivedTick): boolean => Math.abs(at - Date.now() - aheadMs) < 3_000;
  await until(() => ticks.slice(before).some(isOfNow), 'a tick of the new time comes');
  expect(elapsedMs()).toBeLessThan(2_000);
  const followed = ticks.length - 1;
  await waitForTicks(ticks, 3);
  // `lateMs` is by this host's clock; convert it to the clock that was set.
  const converted = ticks.slice(followed).map((tick) => ({ ...tick, lateMs: tick.lateMs + aheadMs }));
  expect(faultsOf(converted, 500)).toEqual([]);
  expect(longestStepMs(converted) - stalledMs()).toBeLessThanOrEqual(2_000);
}

/** Madrid's offset from UTC before and after the change. */
interface Hours {
  hoursBefore: number;
  hoursAfter: number;
}

/** Checks the text of every tick against the zone's offset, before the change at `instant` and after it. */
async function expectChange(instant: string, { hoursBefore, hoursAfter }: Hours): Promise<void> {
  const changeAt = Date.parse(instant);
  const begin = new Date(changeAt - 15_000).toISOString().replace('T', ' ').slice(0, 19);
  const { all, owner } = await startAll(new WallClock(`@${begin}`), ['--interval', '1s'], 'Europe/Madrid');
  await using _all = all;
  using socket: TestSocket = await owner.connect();
  const ticks = recordTicks(socket);
  await until(() => (ticks.at(-1)?.at ?? 0) > changeAt, 'the change has passed', 60_000);
  expect(ticks[0]?.at).toBeLessThan(changeAt);
  for (const [index, { at, seq, text }] of ticks.entries()) {
    const hours = at < changeAt ? hoursBefore : hoursAfter;
    expect(text).toBe(new Date(at + hours * 3_600_000).toISOString().slice(11, 19));
    expect(at % 1_000).toBe(0);
    expect(at).toBeGreaterThan(ticks[index - 1]?.at ?? 0);
    expect(seq).toBeGreaterThan(ticks[index - 1]?.seq ?? 0);
  }
}
