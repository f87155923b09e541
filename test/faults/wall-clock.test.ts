import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { Client, type TestSocket } from '../support/client.ts';
import { startClock } from '../support/clock-process.ts';
import { until } from '../support/until.ts';
import { disorder, type Heard, Installation, listen, longestStepMs, more } from './installation.ts';

const library = faketimeLibrary();

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A wall clock that can be set while a process runs by it; its monotonic clock goes on. */
class WallClock {
  readonly #file: string;
  readonly env: Record<string, string>;

  /** `setting`: `+3600` seconds, or an instant from which it goes on. */
  constructor(setting: string) {
    const folder = mkdtempSync(join(tmpdir(), 'clock-time-'));
    folders.push(folder);
    this.#file = join(folder, 'setting');
    this.set(setting);
    this.env = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  set(setting: string): void {
    // It is read at each look at the clock, so it must never be half written.
    writeFileSync(`${this.#file}.new`, `${setting}\n`);
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** `clock all` by that wall clock, and its owner. */
async function startAll(clock: WallClock, args: readonly string[] = [], zone = 'UTC') {
  const all = await startClock(['all', '--zone', zone, ...args], { env: { ...clock.env, TZ: 'UTC' } });
  const owner = new Client(all.url);
  await owner.signIn('admin', all.adminPassword());
  return { all, owner };
}

/** Debian's; there is no other way to set one process's wall clock. */
function faketimeLibrary(): string {
  const paths = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/faketime/libfaketime.so.1`);
  const found = paths.find((path) => existsSync(path));
  if (found === undefined) throw new Error('libfaketime is missing: install it, as root: apt-get install libfaketime');
  return found;
}

// Debian's redis-server does not run under libfaketime: what a step of Redis's own host leaves behind is staged in
// redis.test.ts.
describe('a wall clock', () => {
  test('of any role that is an hour off, or jumps by two, changes nothing on a screen', async () => {
    await using running = await Installation.prepare();
    const clocks = { web: new WallClock('-3600'), worker: new WallClock('+3600'), beat: new WallClock('+3600') };
    const [web] = await Promise.all([
      running.begin('web', [], clocks.web.env),
      running.begin('worker', [], clocks.worker.env),
      running.begin('beat', [], clocks.beat.env),
    ]);
    const owner = await web.owner();
    using socket = await owner.connect();
    const heard = listen(socket);
    await more(heard, 3);
    clocks.beat.set('-3600');
    clocks.worker.set('-3600');
    clocks.web.set('+3600');
    await more(heard, 6);
    expect(disorder(heard, 500)).toEqual([]);
    expect(heard.every(({ lateMs }) => lateMs > -50)).toBe(true);
    socket.send('{"sync":1}');
    const answer = await until(() => socket.frames.find((frame) => frame.includes('"sync"')), 'the answer');
    expect(Math.abs(JSON.parse(answer).sync.received - Date.now())).toBeLessThan(1_000);
    expect((await owner.fetch('/')).status).toBe(200);
    expect(await web.metric('clock_offset_seconds')).toBeLessThan(-3_500);
    await web.process.logged("this host's clock differs from house time");
  });

  test('of the host of clock all that is set an hour back, and forth, is followed within 2 s; seq rises', async () => {
    const clock = new WallClock('+0');
    const { all, owner } = await startAll(clock);
    await using _all = all;
    using socket = await owner.connect();
    const heard = listen(socket);
    await more(heard, 3);
    await expectFollowed(clock, -3_600_000, heard);
    await expectFollowed(clock, 0, heard);
    const seqs = heard.map(({ seq }) => seq);
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b));
    expect(socket.socket.readyState).toBe(socket.socket.OPEN);
    expect((await owner.fetch('/')).status).toBe(200);
  });

  test('that goes through a change of summer time sends even instants, and seq rises', async () => {
    await Promise.all([
      expectChange('2026-10-25T01:00:00Z', { hoursBefore: 2, hoursAfter: 1 }),
      expectChange('2026-03-29T01:00:00Z', { hoursBefore: 1, hoursAfter: 2 }),
    ]);
  });

  test('sees the tick of --interval 60000 at the full minute, and the date with it', async () => {
    const { all, owner } = await startAll(new WallClock('@2026-05-04 11:59:54'), ['--interval', '60000']);
    await using _all = all;
    using socket: TestSocket = await owner.connect('?channels=time,date');
    const [heard, dates] = [listen(socket), listen(socket, 'date')];
    await more(heard, 1, 15_000);
    const at = Date.parse('2026-05-04T12:00:00Z');
    expect(heard).toMatchObject([{ text: '12:00:00', at }]);
    await until(() => dates.length === 1, 'the date comes too');
    expect(dates).toMatchObject([{ text: '2026-05-04', at }]);
    const state = await (await owner.fetch('/api/initial_state')).json();
    expect(state).toMatchObject({ interval: 60_000, stale: false, at });
  });
});

/** Sets the authority's clock: the next instants due are published, evenly. */
async function expectFollowed(clock: WallClock, aheadMs: number, heard: readonly Heard[]): Promise<void> {
  clock.set(aheadMs === 0 ? '+0' : String(aheadMs / 1_000));
  const begun = performance.now();
  const before = heard.length;
  const isOfNow = ({ at }: Heard): boolean => Math.abs(at - Date.now() - aheadMs) < 3_000;
  await until(() => heard.slice(before).some(isOfNow), 'a tick of the new time comes');
  expect(performance.now() - begun).toBeLessThan(2_000);
  const followed = heard.length - 1;
  await more(heard, 3);
  // By the clock that was set: `lateMs` is of this host's.
  const ticks = heard.slice(followed).map((tick) => ({ ...tick, lateMs: tick.lateMs + aheadMs }));
  expect(disorder(ticks, 500)).toEqual([]);
  expect(longestStepMs(ticks)).toBeLessThanOrEqual(2_000);
}

/** By how much Madrid's clock is ahead of UTC. */
interface Hours {
  hoursBefore: number;
  hoursAfter: number;
}

/** Every tick says what the zone's clock shows at its own instant, before `instant` and after it. */
async function expectChange(instant: string, { hoursBefore, hoursAfter }: Hours): Promise<void> {
  const changeAt = Date.parse(instant);
  const begin = new Date(changeAt - 8_000).toISOString().replace('T', ' ').slice(0, 19);
  const { all, owner } = await startAll(new WallClock(`@${begin}`), ['--interval', '1s'], 'Europe/Madrid');
  await using _all = all;
  using socket: TestSocket = await owner.connect();
  const heard = listen(socket);
  await until(() => (heard.at(-1)?.at ?? 0) > changeAt, 'the change has passed', 15_000);
  expect(heard[0]?.at).toBeLessThan(changeAt);
  for (const [index, { at, seq, text }] of heard.entries()) {
    const hours = at < changeAt ? hoursBefore : hoursAfter;
    expect(text).toBe(new Date(at + hours * 3_600_000).toISOString().slice(11, 19));
    expect(at % 1_000).toBe(0);
    expect(at).toBeGreaterThan(heard[index - 1]?.at ?? 0);
    expect(seq).toBeGreaterThan(heard[index - 1]?.seq ?? 0);
  }
}
