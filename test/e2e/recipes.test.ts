import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runClock, startClock, type ClockProcess } from '../support/clock-process.ts';
import { Client } from '../support/client.ts';
import { python } from '../support/django.ts';
import { blocksIn } from '../support/docs-blocks.ts';
import { PageServer } from '../support/page-server.ts';
import { until } from '../support/until.ts';

const limit = { timeout: 120_000 };
const driver = join(import.meta.dirname, '../support/django_publisher.py');
/** What a program that uses the recipe does about an error. */
const program = `
import json, sys, requests
from clock_publish import publish
try:
    print(json.dumps(publish(sys.argv[1], text=sys.argv[2])))
except requests.RequestException as error:
    print(type(error).__name__, error)
`;

let clock: ClockProcess;
let token: string;
/** Has the modules of docs/channels.md. */
let modules: string;

beforeAll(async () => {
  modules = mkdtempSync(join(tmpdir(), 'clock-recipes-'));
  const [publish = '', django = ''] = blocksIn('channels', 'python');
  writeFileSync(join(modules, 'clock_publish.py'), publish);
  writeFileSync(join(modules, 'django_publish.py'), django);
  clock = await startClock(['all']);
  await command('channels', 'add', 'news');
  await command('channels', 'add', 'trains');
  token = (await command('token', 'issue', 'admin', '--publish', 'news,trains')).trim();
  for (const channel of ['news', 'trains']) await until(() => isKnown(channel), `the channel ${channel} is known`);
}, 180_000);
afterAll(async () => {
  await clock?.stop();
  rmSync(modules, { recursive: true, force: true });
});

async function command(...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await runClock([...args, '--data-dir', clock.dataDir]);
  expect(`${exit} ${stderr}`).toMatch(/^0 /);
  return stdout;
}

async function isKnown(channel: string): Promise<boolean> {
  const headers = { Authorization: `Bearer ${token}` };
  return (await fetch(`${clock.url}/api/initial_state?channel=${channel}`, { headers })).ok;
}

interface PythonResult {
  exit: number | null;
  stdout: string;
  stderr: string;
}

async function runPython(args: readonly string[], url = clock.url): Promise<PythonResult> {
  const env = { PATH: process.env['PATH'], PYTHONPATH: modules, CLOCK_URL: url, CLOCK_TOKEN: token };
  const child = spawn(python, args, { env });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, exit] = await Promise.all([text(child.stdout), text(child.stderr), exited]);
  return { exit, stdout, stderr };
}

/** Runs the recipe against a server that answers request number `n`, beginning with 0, with `answer`. */
async function publishTo(
  answer: (n: number, response: ServerResponse) => void,
): Promise<{ output: string; requests: { body: unknown; atMs: number }[] }> {
  const requests: { body: unknown; atMs: number }[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const n = requests.push({ body: await json(request), atMs: performance.now() }) - 1;
    answer(n, response);
  };
  await using server = await PageServer.start(handle);
  const { stdout } = await runPython(['-c', program, 'news', 'Doors open'], server.origin);
  return { output: stdout.trim(), requests };
}

describe('publishing from Python', () => {
  test('sends the message to subscribers', limit, async () => {
    const client = new Client(clock.url);
    await client.signIn('admin', clock.adminPassword());
    using socket = await client.connect('?channels=news');
    const { stdout } = await runPython(['-c', program, 'news', 'Doors open 🕒']);
    const { message } = JSON.parse(await socket.next(60_000));
    expect(message).toEqual({ news: 'Doors open 🕒', ...JSON.parse(stdout) });
  });

  test('reports a refusal with its type', limit, async () => {
    const { stdout } = await runPython(['-c', program, 'forbidden', 'Doors open']);
    expect(stdout).toMatch(/^HTTPError 403 .*urn:problem-type:clock:forbidden-channel/);
  });

  test.each([429, 503])('publishes after the time in Retry-After of a %d', limit, async (status) => {
    const { output, requests } = await publishTo((n, response) => {
      if (n === 0) response.writeHead(status, { 'Retry-After': '1' }).end('{}');
      else response.end('{"seq":7,"at":7}');
    });
    expect(output).toBe('{"seq": 7, "at": 7}');
    const body = { channel: 'news', text: 'Doors open' };
    expect(requests.map((request) => request.body)).toEqual([body, body]);
    const [first, second] = requests.map(({ atMs }) => atMs);
    // The two clocks are not the same one, so a little less than a second may show.
    expect((second ?? 0) - (first ?? 0)).toBeGreaterThan(900);
  });

  test('gives up after three retries', limit, async () => {
    const { output, requests } = await publishTo((_, response) => {
      response.writeHead(429, { 'Retry-After': '1' }).end('{"type":"too-many"}');
    });
    expect(output).toBe('HTTPError 429 {"type":"too-many"}');
    expect(requests).toHaveLength(4);
  });

  test('does not send a message again after a read timeout', limit, async () => {
    const { output, requests } = await publishTo(() => {});
    expect(output).toMatch(/^ReadTimeout /);
    expect(requests).toHaveLength(1);
  });
});

test('Django publishes what is committed, and logs a refusal', limit, async () => {
  const { exit, stdout, stderr } = await runPython([driver]);
  const moments = stdout.trim().split('\n');
  expect(moments.map((line): unknown => JSON.parse(line))).toEqual([
    ['in a transaction', null],
    ['after the commit', { n: 1 }],
    ['after a rollback', { n: 1 }],
    ['outside a transaction', { n: 3 }],
    ['after a refusal', { n: 3 }],
  ]);
  expect(stderr).toMatch(/^not published on forbidden\n[\s\S]*HTTPError: 403 .*forbidden-channel/);
  expect(exit).toBe(0);
});
