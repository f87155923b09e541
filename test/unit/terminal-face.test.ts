import { describe, expect, test } from 'vitest';
import { bigDigits } from '../../src/commands/big-digits.ts';
import { TerminalFace, type Reading } from '../../src/commands/terminal-face.ts';

const escape = '\u001B';
const reading: Reading = {
  at: 0,
  time: '15:03:27',
  zone: 'Europe/Madrid',
  state: 'live',
  errorMs: 1.2,
  offsetMs: 0,
};

function shownOn(
  terminal: { isTTY?: boolean; columns?: number; rows?: number },
  hasColor = false,
  shown = reading,
): string {
  const texts: string[] = [];
  const output = { ...terminal, write: (text: string) => texts.push(text), on: () => {} };
  new TerminalFace({ output, asJson: false, hasColor }).show(shown);
  return texts.join('').replaceAll(new RegExp(`${escape}\\[\\??\\d*[lhJA]|\\r`, 'g'), '');
}

describe('a terminal', () => {
  test('shows big digits when there is room', () => {
    const lines = shownOn({ isTTY: true, columns: 80, rows: 24 }).split('\n');
    expect(lines.slice(0, 5)).toEqual(bigDigits('15:03:27'));
    expect(lines.at(-1)).toBe('live ± 2 ms Europe/Madrid');
  });

  test.each([
    [40, '15:03:27 live ± 2 ms Europe/Madrid', '15:03:27 stale Europe/Madrid'],
    [24, '15:03:27 live ± 2 ms', '15:03:27 stale'],
    [19, '15:03:27 live', '15:03:27 stale'],
    [13, '15:03:27 live', 'stale'],
    [8, '15:03:27', 'stale'],
    [7, 'live', 'stale'],
  ])('of %i columns cuts nothing that would say something else then', (columns, live, stale) => {
    const terminal = { isTTY: true, columns, rows: 24 };
    expect(shownOn(terminal)).toBe(live);
    expect(shownOn(terminal, false, { ...reading, state: 'stale' })).toBe(stale);
  });

  test('is told states by colour too, and nothing else is', () => {
    expect(shownOn({ isTTY: true, columns: 40, rows: 3 }, true)).toContain('\u001B[32m');
    expect(shownOn({})).toBe('15:03:27 live ± 2 ms\n');
  });
});
