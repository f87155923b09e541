import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readOptions, unknownVariables, withoutServiceLinks, type OptionTable } from '../../src/config.ts';
import { anyText, BadValue, commaList, durationBetween, integerBetween, zoneName } from '../../src/option-parsers.ts';
import { UserError } from '../../src/lifecycle.ts';

const table = {
  port: {
    flag: '--port <port>',
    env: ['CLOCK_PORT', 'PORT'],
    parse: integerBetween(0, 65_535),
    default: '8000',
    help: '',
  },
  host: { flag: '--host <host>', env: ['CLOCK_HOST'], parse: anyText, help: '' },
  secret: { env: ['CLOCK_SECRET'], secret: true, parse: shortText, help: '' },
} as const satisfies OptionTable;

function shortText(text: string): string {
  if (text.length > 8) throw new BadValue('short');
  return text;
}

function errorMessageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error('no error was thrown');
}

const directory = mkdtempSync(join(tmpdir(), 'clock-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

describe('an option', () => {
  test('takes the flag before the environment, and the environment before the default', () => {
    expect(readOptions(table, { port: '1' }, { CLOCK_PORT: '2', PORT: '3' }).port).toBe(1);
    expect(readOptions(table, {}, { CLOCK_PORT: '2', PORT: '3' }).port).toBe(2);
    expect(readOptions(table, {}, { PORT: '3' }).port).toBe(3);
    expect(readOptions(table, {}, {}).port).toBe(8_000);
  });

  test('is not set by an empty environment variable', () => {
    expect(readOptions(table, {}, { CLOCK_PORT: '' }).port).toBe(8_000);
  });

  test('without a default is optional', () => {
    expect(readOptions(table, {}, {}).host).toBeUndefined();
  });

  test('with a bad value is an error of one line that names the option, the value and what is allowed', () => {
    expect(errorMessageOf(() => readOptions(table, { port: '99999' }, {}))).toBe(
      '--port: "99999" must be a whole number from 0 to 65535',
    );
    expect(errorMessageOf(() => readOptions(table, {}, { PORT: 'x' }))).toBe(
      'PORT: "x" must be a whole number from 0 to 65535',
    );
  });

  test('that is secret is not printed if it is refused', () => {
    const message = errorMessageOf(() => readOptions(table, {}, { CLOCK_SECRET: 'much too long' }));
    expect(message).toBe('CLOCK_SECRET: its value must be short');
  });

  test.each(['word', 'word\n', 'word\r\n\r\n', '\ufeffword\n', ' \tword '])(
    'that is secret is cleaned: %j',
    (content) => {
      const path = join(directory, 'secret');
      writeFileSync(path, content);
      expect(readOptions(table, {}, { CLOCK_SECRET_FILE: path }).secret).toBe('word');
      expect(readOptions(table, {}, { CLOCK_SECRET: content }).secret).toBe('word');
    },
  );

  test.each([
    ['a\nb', 'one line without control characters'],
    ['a\u0000b', 'one line without control characters'],
    [' \n', 'a value that is not blank'],
  ])('that is secret is refused if it is %j', (text, allowed) => {
    const message = errorMessageOf(() => readOptions(table, {}, { CLOCK_SECRET: text }));
    expect(message).toBe(`CLOCK_SECRET: its value must be ${allowed}`);
  });

  test('whose file cannot be read is an error that names the file', () => {
    const path = join(directory, 'missing');
    expect(errorMessageOf(() => readOptions(table, {}, { CLOCK_SECRET_FILE: path }))).toContain(path);
  });
});

describe('the environment', () => {
  test('loses the service links of Kubernetes, and nothing else', () => {
    const links = {
      CLOCK_PORT: 'tcp://10.0.0.1:80',
      CLOCK_PORT_80_TCP: 'tcp://10.0.0.1:80',
      CLOCK_SERVICE_HOST: '10.0.0.1',
      CLOCK_SERVICE_PORT: '80',
      CLOCK_SERVICE_PORT_HTTP: '80',
      REDIS_PORT: 'tcp://10.0.0.2:6379',
    };
    const ours = { CLOCK_HOST: '::', PORT: '8000', REDIS_HOST: 'redis' };
    expect(withoutServiceLinks({ ...links, ...ours })).toEqual(ours);
  });

  test('has unknown variables if one is misspelled', () => {
    expect(unknownVariables({ CLOCK_PROT: '1', CLOCK_SECRET_FILE: 'x', HOME: '/' }, [table])).toEqual(['CLOCK_PROT']);
  });
});

describe('a value', () => {
  const duration = durationBetween(50, 60_000);

  test.each([
    ['500', 500],
    ['500ms', 500],
    ['1.5s', 1_500],
    ['1m', 60_000],
  ])('%s is a valid duration', (text, ms) => {
    expect(duration(text)).toBe(ms);
  });

  test.each(['', '49', '60001', '2h', '-500', '1e3', '0.5', '500 ms', 's', '500MS', '½s'])(
    '%j is not a valid duration',
    (text) => {
      expect(() => duration(text)).toThrow(BadValue);
    },
  );

  test('of a list is separated by commas and optional blanks', () => {
    expect(commaList(anyText)(' a, b ,,c')).toEqual(['a', 'b', 'c']);
  });

  test('of TZ may begin with a colon', () => {
    expect(zoneName(':Europe/Madrid')).toBe('Europe/Madrid');
  });
});
