import { describe, expect, test } from 'vitest';
import { bigDigits } from '../../src/commands/big-digits.ts';
import { TerminalFace, type Reading } from '../../src/commands/terminal-face.ts';

const escape = '\u001B';
const reading: Reading = {
  at: 0,
  time: '15:03:27',
  zone: 'Europe/Madrid',
  state: 'live',
  reason: null,
  errorMs: 1.2,
  utcErrorMs: null,
  offsetMs: 0,
};

interface Terminal {
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

const withoutColor = { NO_COLOR: '1', LANG: 'en_US.UTF-8' };

function shownOn(terminal: Terminal, environment: Record<string, string> = withoutColor, shown = reading): string {
  return writtenTo(terminal, environment, (face) => face.show(shown)).replaceAll(
    new RegExp(`${escape}\\[\\??\\d*[lhJA]|\\r`, 'g'),
    '',
  );
}

function writtenTo(terminal: Terminal, environment: Record<string, string>, use: (face: TerminalFace) => void): string {
  const texts: string[] = [];
  const output = { ...terminal, write: (text: string) => texts.push(text), on: () => {} };
  use(new TerminalFace({ output, asJson: false, environment }));
  return texts.join('');
}

describe('a terminal', () => {
  test('shows big digits if they fit', () => {
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
  ])('of %i columns cuts no text to one that says something else', (columns, live, stale) => {
    const terminal = { isTTY: true, columns, rows: 24 };
    expect(shownOn(terminal)).toBe(live);
    expect(shownOn(terminal, withoutColor, { ...reading, state: 'stale' })).toBe(stale);
  });

  test('shows states in color, and other outputs get none', () => {
    expect(shownOn({ isTTY: true, columns: 40, rows: 3 }, {})).toContain('\u001B[32m');
    expect(shownOn({}, {})).toBe('15:03:27 live ± 2 ms\n');
  });

  test.each([
    ['that is dumb', { isTTY: true, columns: 80, rows: 24 }, { TERM: 'dumb' }],
    ['without a known size', { isTTY: true, columns: 0, rows: 0 }, {}],
  ])('%s gets one plain line for each reading', (_, terminal, environment) => {
    const text = writtenTo(terminal, environment, (face) => {
      face.show(reading);
      face.show({ ...reading, time: '15:03:28' });
      face.end();
    });
    expect(text).toBe('15:03:27 live ± 2 ms\n15:03:28 live ± 2 ms\n');
  });

  test.each([{ LANG: 'C' }, { LC_ALL: 'POSIX', LANG: 'en_US.UTF-8' }, { LC_CTYPE: 'de_DE.ISO-8859-1' }])(
    'with the locale %j gets ASCII alone',
    (environment) => {
      const text = shownOn({ isTTY: true, columns: 80, rows: 24 }, { ...environment, NO_COLOR: '1' });
      // oxlint-disable-next-line no-control-regex
      expect(text).toMatch(/^[\x00-\x7F]+$/);
      expect(text).toContain('live +- 2 ms');
    },
  );

  test('leaves a line of another origin in place, and draws below it', () => {
    const text = writtenTo({ isTTY: true, columns: 40, rows: 3 }, withoutColor, (face) => {
      face.show({ ...reading, state: 'stale' });
      face.interrupt(() => {});
      face.show(reading);
    });
    expect(text.split(`\r${escape}[J`)).toHaveLength(4);
    expect(text).not.toContain('\n');
  });

  test('moves nothing after its width changed', () => {
    const terminal = { isTTY: true, columns: 80, rows: 24 };
    const texts: string[] = [];
    const output = { ...terminal, write: (text: string) => texts.push(text), on: () => {} };
    const face = new TerminalFace({ output, asJson: false, environment: withoutColor });
    face.show(reading);
    output.columns = 60;
    face.show(reading);
    expect(texts[1]).toMatch(new RegExp(`^${escape}\\[\\?25l\\n`));
    face.show(reading);
    expect(texts[2]).toContain(`${escape}[6A`);
  });

  test('says why there is no time', () => {
    expect(shownOn({}, {}, { ...reading, time: null, state: 'stale', reason: 'refused' })).toBe(
      '--:--:-- stale: refused\n',
    );
  });
});
