import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { runClock, startClock, type ClockProcess } from '../support/clock-process.ts';
import { until } from '../support/until.ts';

let clock: ClockProcess;
let client: Client;

beforeAll(async () => {
  clock = await startClock(['all'], { env: { TZ: 'Europe/Madrid' } });
  client = new Client(clock.url);
  await client.signIn('admin', clock.adminPassword());
});
afterAll(() => clock?.stop());

const run = (args: readonly string[], stdin?: string) =>
  runClock([...args, '--data-dir', clock.dataDir], stdin === undefined ? {} : { stdin });

/** Runs a command that fails; resolves to its exit code and its error without the address of the data. */
async function failure(args: readonly string[], stdin?: string): Promise<string> {
  const { exit, stderr, stdout } = await run(args, stdin);
  expect(stdout).toBe('');
  return `${exit} ${stderr.replace(/^clock: \/.*\n/, '').trim()}`;
}

async function add(name: string): Promise<void> {
  expect((await run(['channels', 'add', name])).exit).toBe(0);
  const state = () => client.fetch(`/api/initial_state?channel=${name}`);
  await until(async () => (await state()).status === 200, 'the channel is known');
}

describe('clock channels', () => {
  test('adds, lists and removes channels', async () => {
    await add('alpha');
    await run(['channels', 'add', 'beta', '--readers', 'operators']);
    const listed = JSON.parse((await run(['channels', 'list', '--json'])).stdout) as {
      name: string;
      readers: string;
    }[];
    expect(listed.map(({ name, readers }) => `${name} ${readers}`)).toEqual(['alpha everyone', 'beta operators']);
    expect((await run(['channels', 'list'])).stdout).toMatch(/^NAME +READERS +CREATED\nalpha +everyone +20/);
    expect(await failure(['channels', 'add', 'alpha'])).toBe('1 clock: there is a channel alpha already');
    expect((await run(['channels', 'remove', 'beta'])).exit).toBe(0);
    expect(await failure(['channels', 'remove', 'beta'])).toBe('1 clock: there is no channel beta');
  });

  test.each([
    [['add', 'time'], '2 clock: NAME: "time" is a built-in channel'],
    [['add', 'seq'], '2 clock: NAME: "seq" is reserved'],
    [
      ['add', 'News'],
      '2 clock: NAME: "News" must be 1 to 32 lower-case letters, digits, hyphens or underscores, beginning with a letter',
    ],
    [['remove', 'time'], '2 clock: NAME: "time" is a built-in channel'],
    [['add', 'ok', '--readers', 'all'], '2 clock: --readers: "all" must be everyone or operators'],
  ])('refuses %j', async (args, message) => {
    expect(await failure(['channels', ...args])).toBe(message);
  });
});

describe('clock publish', () => {
  test('sends a text, standard input without its last line end, or a JSON value', async () => {
    await add('news');
    using socket = await client.connect('?channels=news');
    await run(['publish', 'news', '{"not":"parsed"}']);
    expect(JSON.parse(await socket.next()).message.news).toBe('{"not":"parsed"}');
    await run(['publish', 'news', '-'], 'two\nlines 🕒\r\n');
    expect(JSON.parse(await socket.next()).message.news).toBe('two\nlines 🕒');
    await run(['publish', 'news', '-', '--json'], '{ "room": [7] }\n');
    expect(JSON.parse(await socket.next()).message.news).toEqual({ room: [7] });
  });

  test.each([
    [['none', 'x'], '1 clock: there is no channel none'],
    [['time', '15:00'], '2 clock: CHANNEL: "time" is a built-in channel'],
    [['news', '{', '--json'], '2 clock: TEXT: The JSON is not valid.'],
    [['news', 'x'.repeat(2_049)], '2 clock: TEXT: The content has 2049 bytes, and at most 2048 are allowed.'],
  ])('refuses %j', async (args, message) => {
    expect(await failure(['publish', ...args])).toBe(message);
  });
});

describe('clock token issue --publish', () => {
  test('issues a token that publishes on these channels', async () => {
    await add('doors');
    const token = (await run(['token', 'issue', 'admin', '--publish', 'doors,later', '--name', 'door'])).stdout.trim();
    const post = (channel: string) =>
      fetch(`${clock.url}/api/publish`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${token}` },
        body: JSON.stringify({ channel, text: 'open' }),
      });
    expect((await post('doors')).status).toBe(200);
    expect((await post('later')).status).toBe(404);
    expect((await post('alpha')).status).toBe(403);
    expect(await clock.metric('clock_published_total')).toBe(1);
    const tokens = JSON.parse((await run(['token', 'list', '--json'])).stdout) as {
      label: string;
      publishes: string[];
    }[];
    expect(tokens.find(({ label }) => label === 'door')?.publishes).toEqual(['doors', 'later']);
  });

  test.each([
    ['time', '2 clock: --publish: "time" is a built-in channel'],
    [
      'news,',
      '2 clock: --publish: "" must be 1 to 32 lower-case letters, digits, hyphens or underscores, beginning with a letter',
    ],
  ])('refuses %j', async (channels, message) => {
    expect(await failure(['token', 'issue', 'admin', '--publish', channels])).toBe(message);
  });
});
