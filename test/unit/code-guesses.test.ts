import { describe, expect, test } from 'vitest';
import { EmbeddedLimiter } from '../../src/backend/embedded/limiter.ts';
import { browserName } from '../../src/screens/browser-name.ts';
import { CodeGuesses } from '../../src/screens/code-guesses.ts';

function guesses() {
  const codes = new CodeGuesses(new EmbeddedLimiter());
  const guess = async (code: string, isWrong = true, account = 'ana') => {
    const attempt = await codes.attempt(
      account,
      code,
      async () => code,
      () => isWrong,
    );
    return typeof attempt === 'number' ? 'refused' : 'answered';
  };
  return { codes, guess };
}

describe('the codes that an operator tries', () => {
  test('are refused after five wrong ones, right ones too, for that operator alone', async () => {
    const { guess } = guesses();
    for (const code of ['A', 'B', 'C', 'D', 'E']) expect(await guess(code)).toBe('answered');
    expect(await guess('F')).toBe('refused');
    expect(await guess('right', false)).toBe('refused');
    expect(await guess('right', false, 'bob')).toBe('answered');
  });

  test('count once if they are the same, and not at all if they are right', async () => {
    const { guess } = guesses();
    for (let count = 0; count < 20; count += 1) {
      expect(await guess('A')).toBe('answered');
      expect(await guess('right', false)).toBe('answered');
    }
  });

  test('get no more than five answers in a burst', async () => {
    const { guess } = guesses();
    const burst = await Promise.all(Array.from({ length: 100 }, (_, n) => guess(`code ${n}`)));
    expect(burst.filter((result) => result === 'answered')).toHaveLength(5);
  });

  test('do not count if the lookup fails', async () => {
    const { codes, guess } = guesses();
    const failing = async (): Promise<never> => {
      throw new Error('away');
    };
    for (let count = 0; count < 10; count += 1) {
      await expect(codes.attempt('ana', 'A', failing, () => true)).rejects.toThrow('away');
    }
    expect(await guess('A')).toBe('answered');
  });
});

test.each([
  [
    'Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/79.0.3945.79 Safari/537.36',
    'Chromium 79 on LG webOS',
  ],
  ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0.0.0 Safari/537.36 Edg/120.0', 'Edge 120 on Windows'],
  ['Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0', 'Firefox 128 on Linux'],
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/17.1 Safari/605.1.15', 'Safari 17 on macOS'],
  ['', 'an unknown browser'],
])('the User-Agent %j is %j', (userAgent, name) => {
  expect(browserName(userAgent)).toBe(name);
});
