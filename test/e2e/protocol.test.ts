import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';
import { blocksIn } from '../support/docs-blocks.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/until.ts';

/** The Node of npm scripts; the one that runs the tests may be older. */
const node = join(import.meta.dirname, '../../node_modules/.bin/node');

test('the program of docs/protocol.md reads, reconnects, and ends when its token ends', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clock-protocol-'));
  const program = join(folder, 'read-clock.mjs');
  writeFileSync(program, blocksIn('protocol', 'js')[0] ?? '');
  const port = await freePort();
  let clock = await startClock(['all', '--port', String(port)]);
  const { dataDir } = clock;
  await command(clock, 'channels', 'add', 'news');
  const token = await command(clock, 'token', 'issue', 'admin', '--name', 'reader');

  const env = { CLOCK_URL: clock.url, CLOCK_TOKEN: token };
  const child = spawn(node, [program], { env });
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const ticks = (): number => output.match(/^time \d\d:\d\d:\d\d$/gm)?.length ?? 0;
  try {
    await until(() => ticks() > 0, 'the time is printed');
    await command(clock, 'publish', 'news', 'Doors open at nine');
    await until(() => output.includes('\nnews Doors open at nine\n'), 'the message is printed');

    clock.kill('SIGKILL');
    await clock.exited;
    const before = ticks();
    clock = await startClock(['all', '--port', String(port)], { dataDir });
    await until(() => ticks() > before, 'the time is printed again', 60_000);

    await command(clock, 'token', 'revoke', 'reader');
    expect(await exited).toBe(1);
    expect(errors).toContain('the token has ended');
  } finally {
    child.kill();
    await clock.stop();
    for (const directory of [folder, dataDir]) rmSync(directory, { recursive: true, force: true });
  }
});

async function command({ dataDir }: ClockProcess, ...args: string[]): Promise<string> {
  const { exit, stdout, stderr } = await runClock([...args, '--data-dir', dataDir]);
  expect({ exit, stderr }).toMatchObject({ exit: 0 });
  return stdout.trim();
}
