import { describe, expect, test } from 'vitest';
import type { PairingResponse, Code } from '../../src/client/screen/pairing-requests.ts';
import { ScreenPairing } from '../../src/client/screen/screen-pairing.ts';

const code: Code = { code: 'BCDF-2345', secret: 's1', url: null, qr: null, expiresInMs: 600_000, againInMs: 2_000 };
const key = `clk_${'a'.repeat(32)}`;

function answer(status: number, body: unknown = null, retryAfterMs: number | null = null): PairingResponse {
  return { status, body, retryAfterMs };
}

/** A page whose requests get these answers in turn; the last one of each is repeated. */
function page(
  answers: Partial<Record<'session' | 'code' | 'collect' | 'link', PairingResponse[]>>,
  stored: string | null = null,
) {
  const asked: string[] = [];
  const shown: (string | null)[] = [];
  const left: string[] = [];
  const world = { ms: 0, memory: new Map([['pairing', stored]]), waited: [] as number[], replaces: true };
  const next = async (name: keyof typeof answers, argument = ''): Promise<PairingResponse> => {
    asked.push(argument === '' ? name : `${name} ${argument}`);
    const queue = answers[name] ?? [];
    const found = queue.length > 1 ? queue.shift() : queue[0];
    if (found === undefined) throw new Error(`${name} was not expected`);
    return found;
  };
  const pairing = new ScreenPairing({
    requests: {
      session: () => next('session'),
      code: () => next('code'),
      collect: (secret) => next('collect', secret),
      link: (_, replaces) => next('link', replaces ? 'replace' : ''),
    },
    view: {
      setMessage: (text) => shown.push(text),
      setCode: (given) => shown.push(given?.code ?? null),
      confirmReplacing: async () => {
        asked.push('confirm');
        return world.replaces;
      },
    },
    memory: {
      getItem: (name) => world.memory.get(name) ?? null,
      setItem: (name, text) => void world.memory.set(name, text),
    },
    wall: () => world.ms,
    wait: async (ms) => {
      world.waited.push(ms);
      world.ms += ms;
    },
    leave: (path, fragment = '') => left.push(path + fragment),
  });
  return { pairing, asked, shown, left, world };
}

const waiting = answer(200, { state: 'waiting' });
const paired = answer(200, { state: 'paired' });

describe('a screen without a key', () => {
  test('continues to the clock if it has a session, once the server answers', async () => {
    const { pairing, left, shown, asked } = page({ session: [answer(0), answer(503), answer(200)] });
    await pairing.run(null);
    expect(left).toEqual(['/']);
    expect(shown).toContain('The server does not answer');
    expect(asked).toEqual(['session', 'session', 'session']);
  });

  test('shows a code until it is approved, and keeps it while the server is away', async () => {
    const { pairing, left, shown, world } = page({
      session: [answer(401), answer(200)],
      code: [answer(200, code)],
      collect: [waiting, answer(0), answer(503), answer(429, null, 7_000), waiting, paired],
    });
    await pairing.run(null);
    expect(left).toEqual(['/']);
    expect(shown.filter((text) => text === 'BCDF-2345')).toHaveLength(1);
    expect(world.waited).toContain(7_000);
    expect(world.memory.get('pairing')).toBe('null');
  });

  test('continues with the code from before a reload', async () => {
    const stored = JSON.stringify({ ...code, secret: 's0', expiresAt: 1_000 });
    const { pairing, asked } = page({ session: [answer(401), answer(200)], collect: [paired] }, stored);
    await pairing.run(null);
    expect(asked).toEqual(['session', 'collect s0', 'session']);
  });

  test.each([
    ['expired', [answer(404), paired]],
    ['expires by this device’s clock', [...Array<PairingResponse>(300).fill(waiting), paired]],
  ])('replaces a code that %s', async (_, collect) => {
    const { pairing, asked, left } = page({
      session: [answer(401), answer(200)],
      code: [answer(200, code), answer(200, { ...code, secret: 's2' })],
      collect: [...collect],
    });
    await pairing.run(null);
    expect(asked.at(-2)).toBe('collect s2');
    expect(left).toEqual(['/']);
  });

  test('says so if the browser stores no cookies', async () => {
    const { pairing, shown, left } = page({ session: [answer(401)], code: [answer(200, code)], collect: [paired] });
    await pairing.run(null);
    expect(shown.at(-1)).toContain('stores no cookies');
    expect(left).toEqual([]);
  });
});

describe('a screen with a key', () => {
  test('exchanges it and continues to the clock', async () => {
    const { pairing, left, asked } = page({ link: [answer(0), answer(200)], session: [answer(200)] });
    await pairing.run(key);
    expect(left).toEqual(['/']);
    expect(asked).toEqual(['link', 'link', 'session']);
  });

  test('continues with the key in the fragment if the cookie was not stored', async () => {
    const { pairing, left } = page({ link: [answer(200)], session: [answer(401)] });
    await pairing.run(key);
    expect(left).toEqual([`/embed#${key}`]);
  });

  test('asks before it replaces a person’s session', async () => {
    const { pairing, asked } = page({ link: [answer(409), answer(200)], session: [answer(200)] });
    await pairing.run(key);
    expect(asked).toEqual(['link', 'confirm', 'link replace', 'session']);
  });

  test('forgets it if the person keeps the sign-in', async () => {
    const { pairing, asked, left, world } = page({ link: [answer(409)] });
    world.replaces = false;
    await pairing.run(key);
    expect([asked, left, world.memory.get('link')]).toEqual([['link', 'confirm'], [], '']);
  });

  test('continues with it after a reload in the middle of the exchange', async () => {
    const before = page({ link: [answer(200)], session: [answer(200)] });
    const exchange = before.pairing.run(key);
    const stored = before.world.memory.get('link') ?? '';
    await exchange;
    expect([stored, before.world.memory.get('link')]).toEqual([key, '']);
    const { pairing, left, asked, world } = page({ link: [answer(200)], session: [answer(200)] });
    world.memory.set('link', stored);
    await pairing.run(null);
    expect([asked, left, world.memory.get('link')]).toEqual([['link', 'session'], ['/'], '']);
  });

  test('shows words and a code if the link has ended', async () => {
    const { pairing, shown, left } = page({
      link: [answer(401)],
      session: [answer(200)],
      code: [answer(200, code)],
      collect: [paired],
    });
    await pairing.run(key);
    expect(shown).toEqual(expect.arrayContaining([expect.stringContaining('This link has ended'), 'BCDF-2345']));
    expect(left).toEqual(['/']);
  });
});
