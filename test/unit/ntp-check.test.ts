import { describe, expect, test } from 'vitest';
import { AuthorityCheck } from '../../src/authority/authority-check.ts';
import { type Finding, ntpCheck } from '../../src/commands/check.ts';
import { silentLogger } from '../../src/logger.ts';
import type { NtpResponse } from '../../src/time/ntp/packet.ts';

const utc = Date.UTC(2026, 10, 27, 8);

/** The answer of a server that is ahead of house time, after a trip of `tripMs` to the server and none back. */
function answer(aheadMs: number, tripMs: number): NtpResponse {
  const at = utc + aheadMs;
  return { kind: 'time', exchange: { sentAt: -tripMs, received: at, sent: at, arrivedAt: 0 }, rootDistanceMs: 1 };
}

/** Checks house time, which is known within 2 ms, by one server that gives these answers. */
async function run(answers: NtpResponse[]): Promise<Finding & { waits: number }> {
  const time = { now: () => utc, errorMs: 2, offsetMs: 0 };
  const query = async (): Promise<NtpResponse> => answers.shift() ?? { kind: 'refused', reason: 'stratum 16' };
  const servers = [{ host: 'a', port: 123 }];
  const authority = new AuthorityCheck({ servers, alarmMs: 100, time, log: silentLogger(), query, now: () => 0 });
  let waits = 0;
  const [finding] = await ntpCheck(authority, time, 100, async () => void (waits += 1))();
  if (finding === undefined) throw new Error('no finding');
  return { ...finding, waits };
}

describe('the check of house time', () => {
  test('states the bound of the servers and of house time together', async () => {
    const expected = { level: 'ok', text: 'house time is 0.0 ms from UTC (±3.0 ms)', waits: 0 };
    expect(await run([answer(0, 0)])).toMatchObject(expected);
  });

  test('polls again before it reports a deviation, so that one late answer is none', async () => {
    const expected = { level: 'ok', text: 'house time is 0.0 ms from UTC (±3.0 ms)', waits: 1 };
    expect(await run([answer(0, 300), answer(0, 0)])).toMatchObject(expected);
  });

  test('reports what two polls in a row say', async () => {
    const text = 'house time is -3000.0 ms from UTC (±3.0 ms), and --ntp-alarm is 100 ms';
    expect(await run([answer(3_000, 0), answer(3_000, 0)])).toMatchObject({ level: 'WRONG', text, waits: 1 });
  });

  test('reports a server that does not answer at once', async () => {
    const text = 'house time cannot be compared with UTC; a:123: stratum 16';
    expect(await run([])).toMatchObject({ level: 'WRONG', text, waits: 0 });
  });
});
