import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, signIn } from '../support/browser.ts';
import { runCheck } from '../support/check-command.ts';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';
import { freePort } from '../support/free-port.ts';
import { Chrony, FakeNtpServer } from '../support/ntp-server.ts';
import { startTogether } from '../support/start-together.ts';
import { until } from '../support/until.ts';

let browser: Browser;
let chrony: Chrony;
let liar: FakeNtpServer;

beforeAll(async () => {
  const port = await freePort();
  [browser, chrony, liar] = await startTogether(launchBrowser(), Chrony.start(port), FakeNtpServer.start());
  liar.aheadMs = 3_000;
});

afterAll(async () => {
  await browser?.close();
  await chrony?.[Symbol.asyncDispose]();
  await liar?.[Symbol.asyncDispose]();
});

const nameOf = ({ server }: Chrony | FakeNtpServer): string => `${server.host}:${server.port}`;

async function startWith(servers: string): Promise<ClockProcess> {
  return startClock(['all', '--ntp-server', servers, '--ntp-alarm', '1s']);
}

/** The error bound that the page states, and what its panel says of UTC. */
async function shownByPage(clock: ClockProcess, isExpected: (utc: string) => boolean) {
  const page = await (await browser.newContext()).newPage();
  await signIn(page, `${clock.url}/`, clock.adminPassword());
  await page.waitForSelector('[data-state="live"]');
  await page.keyboard.press('i');
  const utc = page.locator('#panel dt:text-is("UTC") + dd');
  await until(async () => isExpected(await utc.innerText()), 'the panel says what it should of UTC', 60_000, 100);
  const error = async () => /^± (\d+) ms$/.exec(await page.locator('#error').innerText())?.[1];
  const errorMs = Number(await until(error, 'the page states its error', 60_000, 100));
  const text = await utc.innerText();
  await page.close();
  return { errorMs, text };
}

/** Expects a line of `clock check` and an exit code. */
async function expectCheck(clock: ClockProcess, line: RegExp, exit: number, ...args: string[]): Promise<void> {
  const ended = await runCheck(['--port', '0', '--data-dir', clock.dataDir, ...args]);
  expect(ended.stdout).toMatch(line);
  expect(ended.exit).toBe(exit);
}

async function watched(clock: ClockProcess) {
  const { dataDir } = clock;
  const { stdout: token } = await runClock(['token', 'issue', 'admin', '--data-dir', dataDir]);
  const { stdout } = await runClock(['watch', clock.url, '--once', '--json'], { env: { CLOCK_TOKEN: token.trim() } });
  return JSON.parse(stdout) as { errorMs: number; utcErrorMs: number | null };
}

describe('a clock', () => {
  test('whose NTP servers agree states its error against UTC alike in page, watch, metrics and check', async () => {
    await using clock = await startWith(nameOf(chrony));
    await until(
      async () => (await clock.metric('clock_authority_error_seconds')) >= 0,
      'the server has answered',
      20_000,
    );
    const totalMs = async (): Promise<number> =>
      1_000 *
      (Math.abs(await clock.metric('clock_authority_offset_seconds')) +
        (await clock.metric('clock_authority_error_seconds')));
    const before = await totalMs();
    expect(before).toBeLessThan(1_000);

    const { errorMs, utcErrorMs } = await watched(clock);
    expect(utcErrorMs).toBeGreaterThan(0);
    // A query in between may have changed it.
    expect(utcErrorMs).toBeLessThan(Math.max(before, await totalMs()) + 100);
    expect(errorMs).toBeGreaterThan(utcErrorMs ?? Infinity);
    const page = await shownByPage(clock, (text) => /^house time may differ by [\d.]+ ms/.test(text));
    expect(page.errorMs).toBeGreaterThan(0);

    const good = /^ok {4}ntp: house time is -?[\d.]+ ms from UTC \(±[\d.]+ ms\)$/m;
    await expectCheck(clock, good, 0, '--ntp-server', nameOf(chrony), '--ntp-alarm', '1s');
  });

  test('that is 3 s off by its only server says so everywhere', async () => {
    await using clock = await startWith(nameOf(liar));
    await clock.logged('house time may differ from UTC by more than --ntp-alarm', 20_000);
    const boundS = await clock.metric('clock_authority_error_seconds');
    expect(Math.abs((await clock.metric('clock_authority_offset_seconds')) + 3)).toBeLessThan(boundS + 0.01);
    expect((await watched(clock)).errorMs).toBeGreaterThan(2_900);
    const { errorMs, text } = await shownByPage(clock, (utc) => utc.startsWith('alarm: '));
    expect(errorMs).toBeGreaterThan(2_900);
    const [, deviationMs] = /^alarm: house time may differ by (\d+\.\d) ms/.exec(text) ?? [];
    // The deviation, which may be wrong by its bound, and that bound.
    expect(Math.abs(Number(deviationMs) - 3_000 - 1_000 * boundS)).toBeLessThan(1_000 * boundS + 10);

    const wrong = /^WRONG ntp: .*, and --ntp-alarm is 100 ms; the servers contradict each other$/m;
    await expectCheck(clock, wrong, 1, '--ntp-server', `${nameOf(liar)},${nameOf(chrony)}`);
  });

  test('without an NTP server says that house time is not checked', async () => {
    await using clock = await startClock(['all']);
    expect((await watched(clock)).utcErrorMs).toBeNull();
    const { text } = await shownByPage(clock, (utc) => utc !== '');
    expect(text).toBe('house time is not checked against UTC');
    expect(await clock.metric('clock_authority_offset_seconds')).toBeNaN();
  });
});
