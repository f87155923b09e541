import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClockProcess, runClock, startClock } from '../support/clock-process.ts';

let clock: ClockProcess;
let token: string;

beforeAll(async () => {
  clock = await startClock(['all'], { env: { TZ: 'Europe/Madrid' } });
  const issued = await runClock(['token', 'issue', 'admin', '--name', 'terminal', '--data-dir', clock.dataDir]);
  token = issued.stdout.trim();
});

afterAll(async () => {
  await clock?.stop();
});

const tokenVariable = (): Record<string, string> => ({ CLOCK_TOKEN: token });

describe('clock watch', () => {
  test('shows a right second once, in plain text where no terminal is', async () => {
    const { exit, stdout } = await runClock(['watch', clock.url, '--once'], { env: tokenVariable() });
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^\d\d:\d\d:\d\d live ± \d+ ms\n$/);
  });

  test('tells programs instant, zone, state, offset and error', async () => {
    const { stdout } = await runClock(['watch', clock.url, '--once', '--json'], { env: tokenVariable() });
    const reading = JSON.parse(stdout);
    expect(reading).toMatchObject({ zone: 'Europe/Madrid', state: 'live' });
    expect(Math.abs(Date.now() - reading.at)).toBeLessThan(5_000);
    expect(Math.abs(reading.offsetMs)).toBeLessThan(reading.errorMs + 5);
  });

  test('ends with 1 where its token is not good', async () => {
    const { exit, stderr } = await runClock(['watch', clock.url, '--once'], { env: { CLOCK_TOKEN: `${token}x` } });
    expect(exit).toBe(1);
    expect(stderr).toMatch(/^clock: the server does not take this token/);
  });

  test('ends with 2 where it has no token, or no address', async () => {
    const without = await runClock(['watch', clock.url]);
    expect(without).toMatchObject({ exit: 2, stderr: 'clock: CLOCK_TOKEN: missing: set it, or CLOCK_TOKEN_FILE\n' });
    const nowhere = await runClock(['watch', 'the wall'], { env: tokenVariable() });
    expect(nowhere.exit).toBe(2);
    expect(nowhere.stderr).toMatch(/"the wall" must be an address/);
  });

  test('warns about an unknown variable', async () => {
    const { stderr } = await runClock(['watch', clock.url, '--once'], { env: { ...tokenVariable(), CLOCK_TOKN: 'x' } });
    expect(stderr).toBe('clock: CLOCK_TOKN: unknown variable: no option is called so\n');
  });
});
