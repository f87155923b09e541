import { describe, expect, test } from 'vitest';
import { EmbeddedLimiter } from '../../src/backend/embedded/limiter.ts';
import { linkKey, newLinkId, verifyLinkKey } from '../../src/screens/link-key.ts';
import { parseGroup, parseScreenName } from '../../src/screens/names.ts';
import { formatPairingCode, newPairingCode, parsePairingCode } from '../../src/screens/pairing-code.ts';
import { Pairing } from '../../src/screens/pairing.ts';
import { Screens } from '../../src/screens/screens.ts';
import { MemoryRecords } from '../support/memory-records.ts';

const minuteMs = 60_000;
const kiosk = { address: '192.0.2.7', browser: 'Chromium' };
const accepted = { state: 'accepted' };
const lobby = { name: 'Lobby', group: null, by: 'ana' };

function world() {
  const time = { ms: Date.UTC(2026, 10, 27), now: () => time.ms, errorMs: 0, offsetMs: 0 };
  const records = new MemoryRecords(time.now);
  const screens = new Screens({ records, time });
  const pairing = new Pairing({ records, limiter: new EmbeddedLimiter(), time, screens });
  const begin = async () => {
    const issued = await pairing.issueCode(kiosk, kiosk.address);
    if (typeof issued === 'number') throw new Error('no code was made');
    return issued;
  };
  return { time, records, screens, pairing, begin };
}

describe('a pairing code', () => {
  test('is eight characters without vowels, 0 and 1, shown in two groups', () => {
    const code = newPairingCode();
    expect(code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ2-9]{8}$/);
    expect(formatPairingCode(code)).toBe(`${code.slice(0, 4)}-${code.slice(4)}`);
  });

  test('is read whatever its case, spaces and hyphens', () => {
    for (const typed of ['bcdf-2345', ' BCDF 2345 ', 'b-c d-f-2345']) expect(parsePairingCode(typed)).toBe('BCDF2345');
    for (const typed of ['', 'BCDF-234', 'BCDF-23456', 'ACDF-2345', 'BCDF-2340'])
      expect(parsePairingCode(typed)).toBeNull();
  });
});

describe('pairing', () => {
  test('gives an approved screen a record of its own, under the name that the operator chose', async () => {
    const { pairing, begin } = world();
    const { code, secret } = await begin();
    expect(await pairing.collect(secret)).toEqual({ state: 'waiting' });
    expect(await pairing.find(code)).toEqual({ state: 'waiting', screen: kiosk, ageMs: 0 });
    expect(await pairing.approve(code, lobby)).toMatchObject(accepted);
    expect(await pairing.collect(secret)).toMatchObject({
      state: 'paired',
      screen: { name: 'Lobby', approvedBy: 'ana' },
    });
  });

  test('collects the same screen again until its session was used', async () => {
    const { pairing, begin, records } = world();
    const { code, secret } = await begin();
    await pairing.approve(code, lobby);
    const first = await pairing.collect(secret);
    expect(await pairing.collect(secret)).toEqual(first);
    const id = first !== 'gone' && first.state === 'paired' ? first.screenId : '';
    await records.update<object>('screen', id, (screen) => ({ ...screen, wasUsed: true }));
    expect(await pairing.collect(secret)).toBe('gone');
  });

  test('lets one of two operators approve, and tells the other who did', async () => {
    const { pairing, begin } = world();
    const { code } = await begin();
    const results = await Promise.all([
      pairing.approve(code, lobby),
      pairing.approve(code, { name: 'Hall', group: null, by: 'bob' }),
    ]);
    expect(results).toEqual([expect.objectContaining(accepted), { state: 'approved', name: 'Lobby', by: 'ana' }]);
    const other = await begin();
    expect(await pairing.approve(other.code, { ...lobby, name: 'Hall' })).toMatchObject(accepted);
  });

  test('refuses a name that is taken, whatever its case, and frees one whose approval was not collected', async () => {
    const { pairing, begin, time } = world();
    const first = await begin();
    await pairing.approve(first.code, lobby);
    const second = await begin();
    expect(await pairing.approve(second.code, { ...lobby, name: 'LOBBY' })).toBe('name-taken');
    time.ms += 10 * minuteMs;
    expect(await pairing.collect(first.secret)).toBe('gone');
    const third = await begin();
    expect(await pairing.approve(third.code, { ...lobby, name: 'LOBBY' })).toMatchObject(accepted);
  });

  test('distinguishes an expired code from an unknown one', async () => {
    const { pairing, begin, time } = world();
    const { code, secret } = await begin();
    time.ms += 10 * minuteMs;
    expect(await pairing.find(code)).toBe('expired');
    expect(await pairing.approve(code, lobby)).toBe('expired');
    expect(await pairing.collect(secret)).toBe('gone');
    time.ms += 10 * minuteMs;
    expect(await pairing.find(code)).toBe('unknown');
  });

  test('gives nothing to a wrong secret', async () => {
    const { pairing, begin } = world();
    const { code, secret } = await begin();
    await pairing.approve(code, lobby);
    for (const wrong of ['', code, `${code}.`, `${secret}x`, secret.replace('.', '')]) {
      expect(await pairing.collect(wrong)).toBe('gone');
    }
  });

  test('allows one address 500 waiting codes', async () => {
    const { pairing, begin } = world();
    for (let count = 0; count < 500; count += 1) await begin();
    expect(await pairing.issueCode(kiosk, kiosk.address)).toBeGreaterThan(0);
    expect(await pairing.issueCode(kiosk, '192.0.2.8')).toMatchObject({ expiresInMs: 10 * minuteMs });
  });

  test('allows another code after an approval, and does not count refused attempts', async () => {
    const { pairing, begin } = world();
    const { code } = await begin();
    for (let count = 1; count < 500; count += 1) await begin();
    for (let count = 0; count < 3; count += 1) expect(await pairing.issueCode(kiosk, kiosk.address)).toBeGreaterThan(0);
    await pairing.approve(code, lobby);
    expect(await pairing.issueCode(kiosk, kiosk.address)).toMatchObject({ expiresInMs: 10 * minuteMs });
    expect(await pairing.issueCode(kiosk, kiosk.address)).toBeLessThanOrEqual(minuteMs);
  });

  test('lets 10,000 codes wait in all, of which screens collect less often beyond 1,000', async () => {
    const { pairing } = world();
    const intervals: number[] = [];
    for (let count = 0; count < 10_000; count += 1) {
      const issued = await pairing.issueCode(kiosk, `192.0.2.${count % 20}`);
      if (typeof issued !== 'number') intervals.push(issued.againInMs);
    }
    expect(intervals.filter((ms) => ms === 2_000)).toHaveLength(1_000);
    expect(intervals.filter((ms) => ms > 2_000)).toHaveLength(9_000);
    expect(await pairing.issueCode(kiosk, '192.0.2.99')).toBeGreaterThan(0);
  });
});

describe('a link’s key', () => {
  const secrets = ['the first secret of these tests', 'the second secret of these tests'] as const;

  test('names its link under any of the secrets', () => {
    const id = newLinkId();
    expect(linkKey(id, secrets)).toMatch(/^clk_[a-z2-7]{32}$/);
    expect(verifyLinkKey(linkKey(id, secrets), secrets)).toBe(id);
    expect(verifyLinkKey(linkKey(id, [secrets[1]]), secrets)).toBe(id);
  });

  test('is refused when it was altered', () => {
    const key = linkKey(newLinkId(), secrets);
    const altered = key.slice(0, -1) + (key.endsWith('a') ? 'b' : 'a');
    for (const wrong of [altered, key.toUpperCase(), `${key}a`, key.slice(4), '']) {
      expect(verifyLinkKey(wrong, secrets)).toBeNull();
    }
  });
});

describe('a screen’s name', () => {
  test('is trimmed, NFC, and up to 64 code points of any script', () => {
    expect(parseScreenName('  Café ')).toBe('Café'.normalize('NFC'));
    expect(parseScreenName('🕰'.repeat(64))).toBe('🕰'.repeat(64));
    expect(parseScreenName('<b>ساعة</b>')).toBe('<b>ساعة</b>');
  });

  test('holds no control characters, line separators, bidi controls or keys of links', () => {
    for (const text of [
      '',
      ' ',
      `Studio clk_${'a'.repeat(32)}`,
      'a\u0000b',
      'a\u2028b',
      'a\u202Eb',
      'a\u2066b',
      'x'.repeat(65),
    ]) {
      expect(parseScreenName(text)).toBeNull();
    }
  });

  test('belongs to a group of lower-case letters, digits, hyphens and underscores', () => {
    expect(parseGroup('floor_2-east')).toBe('floor_2-east');
    for (const text of ['', 'Floor', 'a b', 'x'.repeat(33)]) expect(parseGroup(text)).toBeNull();
  });
});
