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

function shownOn(terminal: { isTTY?: boolean; columns?: number; rows?: number }, hasColor = false): string {
  const texts: string[] = [];
  const output = { ...terminal, write: (text: string) => texts.push(text), on: () => {} };
  new TerminalFace({ output, asJson: false, hasColor }).show(reading);
  return texts.join('').replaceAll(new RegExp(`${escape}\\[\\??\\d*[lhJA]|\\r`, 'g'), '');
}

describe('a terminal', () => {
  test('shows big digits when there is room', () => {
    const lines = shownOn({ isTTY: true, columns: 80, rows: 24 }).split('\n');
    expect(lines.slice(0, 5)).toEqual(bigDigits('15:03:27'));
    expect(lines.at(-1)).toBe('live ± 2 ms Europe/Madrid');
  });

  test.each([10, 20, 40])('of %i columns shows one line that fits', (columns) => {
    const text = shownOn({ isTTY: true, columns, rows: 24 });
    expect(text.length).toBeLessThan(columns);
    expect(text).toMatch(/^15:03:27/);
  });

  test('is told states by colour too, and nothing else is', () => {
    expect(shownOn({ isTTY: true, columns: 40, rows: 3 }, true)).toContain('\u001B[32m');
    expect(shownOn({})).toBe('15:03:27 live ± 2 ms\n');
  });
});
