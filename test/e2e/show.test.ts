import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client, type TestSocket } from '../support/client.ts';
import { runClock, startClock, type ClockProcess } from '../support/clock-process.ts';
import { until } from '../support/until.ts';

let clock: ClockProcess;
let client: Client;

beforeAll(async () => {
  clock = await startClock(['all', '--zone', 'Asia/Kathmandu']);
  client = new Client(clock.url);
  await client.signIn('admin', clock.adminPassword());
  const isTicking = async () => {
    const state = (await (await client.fetch('/api/initial_state')).json()) as { zone: string | null };
    return state.zone !== null;
  };
  await until(isTicking, 'the zone is known');
});
afterAll(() => clock?.stop());

const run = (...args: readonly string[]) => runClock(['show', ...args, '--data-dir', clock.dataDir]);

interface Shown {
  message?: string;
  countdown?: { until?: number; since?: number; label?: string; warnAt?: number[] };
}

/** What the socket is sent next on the channel, and when. */
async function nextShow(socket: TestSocket): Promise<{ show: Shown | null; at: number }> {
  return JSON.parse(await socket.next()).message;
}

describe('clock show', () => {
  test('shows a message, a countdown and a count, until it is cleared', async () => {
    using socket = await client.connect('?channels=show');
    expect((await run('--message', '<b>Please be seated</b>')).exit).toBe(0);
    expect((await nextShow(socket)).show).toEqual({ message: '<b>Please be seated</b>' });
    await run('--countdown', '25m', '--label', 'Exam ends', '--warn', '1m,5m');
    const { show, at } = await nextShow(socket);
    expect(show?.countdown).toMatchObject({ label: 'Exam ends', warnAt: [300_000, 60_000] });
    expect(Math.abs((show?.countdown?.until ?? 0) - at - 25 * 60_000)).toBeLessThan(60_000);
    await run('--extend', '5m');
    expect((await nextShow(socket)).show?.countdown?.until).toBe((show?.countdown?.until ?? 0) + 5 * 60_000);
    await run('--count-up');
    const counting = await nextShow(socket);
    expect(Math.abs((counting.show?.countdown?.since ?? 0) - counting.at)).toBeLessThan(60_000);
    const { stderr } = await run('--clear');
    expect((await nextShow(socket)).show).toBeNull();
    expect(stderr).toContain('"audit":"show","by":"host","group":null,"screen":null,"show":null');
  });

  test('counts down to a time of day in the zone of the clock, for a time and for a group', async () => {
    using socket = await client.connect('?channels=show');
    await nextShow(socket);
    const { exit, stderr } = await run('--until', '12:30', '--group', 'empty-hall', '--for', '10m');
    expect(exit).toBe(0);
    expect(stderr).toContain('clock: no screen is in the group empty-hall at the moment\n');
    expect((await run('--until', '12:30:15', '--for', '10m')).exit).toBe(0);
    const { show } = await nextShow(socket);
    const local = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Kathmandu', timeStyle: 'medium' });
    expect(local.format(show?.countdown?.until)).toBe('12:30:15');
    const { shows } = (await (await client.fetch('/api/show')).json()) as {
      shows: { group: string; endsAt: number }[];
    };
    expect(shows.map(({ group }) => group).toSorted()).toEqual(['empty-hall', null]);
    expect(shows.every(({ endsAt }) => endsAt > Date.now())).toBe(true);
  });

  test('names a link, and lists what is shown', async () => {
    await runClock(['screens', 'link', 'Foyer', '--public-url', 'http://localhost', '--data-dir', clock.dataDir]);
    const label = ['--label', 'Exam ends'];
    await run('--message', 'only in\nthe foyer', '--countdown', '25m', ...label, '--screen', 'foyer', '--for', '1h');
    const { exit, stdout } = await run('--list');
    expect(exit).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(/^GROUP +SCREEN +MESSAGE +COUNTDOWN +LABEL +ENDS$/);
    expect(stdout).toMatch(/^- +Foyer +only in the foyer +2[45]:\d\d left +Exam ends +20/m);
    const listed = JSON.parse((await run('--list', '--json')).stdout) as Record<string, unknown>[];
    const { shows } = (await (await client.fetch('/api/show')).json()) as { shows: { screen: string | null }[] };
    expect(listed.map(({ name: _name, ...one }) => one)).toEqual(shows);
    expect(listed.find(({ name }) => name === 'Foyer')).toMatchObject({ show: { message: 'only in\nthe foyer' } });
  });

  test('takes a time of day, a duration and a count up from programs, too', async () => {
    using socket = await client.connect('?channels=show');
    await nextShow(socket);
    const token = await runClock(['token', 'issue', 'admin', '--publish', 'show', '--data-dir', clock.dataDir]);
    const headers = { Authorization: `Bearer ${token.stdout.trim()}` };
    const post = (countdown: object) =>
      client.fetch('/api/show', { method: 'POST', headers, body: JSON.stringify({ show: { countdown } }) });
    expect((await post({ untilTime: '12:30' })).status).toBe(200);
    const local = new Intl.DateTimeFormat('en-GB', { timeZone: 'Asia/Kathmandu', timeStyle: 'medium' });
    expect(local.format((await nextShow(socket)).show?.countdown?.until)).toBe('12:30:00');
    expect((await post({ remainingMs: 90_000, warnAt: [30_000] })).status).toBe(200);
    const down = await nextShow(socket);
    expect(Math.abs((down.show?.countdown?.until ?? 0) - down.at - 90_000)).toBeLessThan(60_000);
    expect((await post({ elapsedMs: 60_000 })).status).toBe(200);
    const up = await nextShow(socket);
    expect(Math.abs(up.at - (up.show?.countdown?.since ?? 0) - 60_000)).toBeLessThan(60_000);
  });

  test.each([
    [
      [],
      '2 clock: give what to show (--message, --countdown, --until or --count-up), or --extend, or --clear, or --list',
    ],
    [['--clear', '--message', 'x'], '2 clock: give what to show'],
    [['--countdown', '1m', '--count-up'], '2 clock: --countdown, --until, --count-up: give only one of them'],
    [['--list', '--message', 'x'], '2 clock: give what to show'],
    [['--list', '--group', 'hall'], '2 clock: --group: not possible with these options'],
    [['--json', '--clear'], '2 clock: --json: not possible with these options'],
    [['--countdown', '0s'], '2 clock: --countdown: "0s" must be a duration from 1s to 366d'],
    [['--countdown', '-5m'], '2 clock: --countdown: "-5m" must be a duration'],
    [['--countdown', '3650d'], '2 clock: --countdown: "3650d" must be a duration'],
    [['--until', '25:00'], '2 clock: --until: "25:00": A time of day is written as 15:00 or 15:00:30.'],
    [['--until', '24:00'], '2 clock: --until: "24:00": A time of day'],
    [['--message', ' '], '2 clock: --message: " ": The message is blank.'],
    [['--count-up', '--label', 'a\tb'], '2 clock: --label: "a\\tb": The label contains a control character.'],
    [['--message', 'x'.repeat(2_049)], '2 clock: --message: The content has 2063 bytes, and at most 2048 are allowed.'],
    [['--message', 'x', '--label', 'y'], '2 clock: --label: not possible with these options'],
    [['--count-up', '--warn', '1m'], '2 clock: --warn: not possible with these options'],
    [['--clear', '--for', '1m'], '2 clock: --for: not possible with these options'],
    [['--countdown', '5m', '--warn', '1m,x'], '2 clock: --warn: "x" must be a duration'],
    [['--countdown', '1h', '--warn', '1,2,3,4,5,6,7,8,9m'.replaceAll(',', 'm,')], '2 clock: --warn: "1m,'],
    [['--message', 'x', '--group', 'Hall'], '2 clock: --group: "Hall" must be'],
    [
      ['--message', 'x', '--group', 'hall', '--screen', 'lobby'],
      '2 clock: --screen: not possible together with --group',
    ],
    [['--message', 'x', '--screen', 'nowhere'], '1 clock: there is no screen or link nowhere'],
    [['--extend', '5m', '--group', 'other'], '1 clock: no countdown is set for this target'],
  ])('refuses %j', async (args, message) => {
    const { exit, stderr } = await run(...args);
    expect(`${exit} ${stderr.replace(/^clock: \/.*\n/, '').replace(/^clock: no screen is .*\n/m, '')}`).toContain(
      message,
    );
  });
});
