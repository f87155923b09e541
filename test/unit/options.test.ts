import { describe, expect, test } from 'vitest';
import { dataOptions, redisOptions } from '../../src/backend/options.ts';
import { beatOptions } from '../../src/beat/options.ts';
import { optionTables } from '../../src/cli/tables.ts';
import { commonOptions, readOptions, type OptionTable } from '../../src/config.ts';
import { UserError } from '../../src/lifecycle.ts';
import { webOptions } from '../../src/web/options.ts';
import { workerOptions } from '../../src/worker/options.ts';

const long = 'a secret of these tests that has more than 32 bytes';
const tables: OptionTable[] = Object.values(optionTables);

describe('the options', () => {
  test('have the documented defaults', () => {
    const web = readOptions(webOptions, {}, {});
    expect(web).toMatchObject({
      port: 8_000,
      workers: 1,
      allowedOrigins: [],
      pageOrigins: [],
      trustedProxy: [],
      maxSockets: 100_000,
    });
    expect([web.host, web.drainMs, web.drainDelayMs, web.secrets]).toEqual([undefined, undefined, 0, undefined]);
    expect(readOptions(beatOptions, {}, {}).intervalMs).toBe(500);
    expect(readOptions(workerOptions, {}, {}).zone).toBeUndefined();
    expect(readOptions(redisOptions, {}, {}).redisPrefix).toBe('');
    expect(readOptions(commonOptions, {}, {})).toMatchObject({ logLevel: 'info', environment: 'local' });
  });

  test('are named alike: the variable of --some-thing is CLOCK_SOME_THING, apart from three established names', () => {
    const exceptions = new Set(['ENVIRONMENT', 'REDIS_HOST', 'REDIS_PORT']);
    for (const { flag, env } of tables.flatMap((table) => Object.values(table))) {
      const [first] = env;
      if (exceptions.has(first)) continue;
      expect(first).toMatch(/^CLOCK_[A-Z_]+$/);
      if (flag === undefined) continue;
      const name = flag.split(' ')[0]?.replace('--', '').replaceAll('-', '_').toUpperCase();
      expect(first).toBe(`CLOCK_${name}`);
    }
  });

  test('that are secret have no flag, apart from an address without a password', () => {
    const secrets = tables.flatMap((table) => Object.entries(table)).filter(([, { secret }]) => secret);
    const withFlag = secrets.filter(([, { flag }]) => flag !== undefined).map(([name]) => name);
    expect(withFlag).toEqual(['redisUrl']);
    const refused = (): unknown => readOptions(redisOptions, { redisUrl: 'redis://:word@redis' }, {});
    expect(refused).toThrow(UserError);
    expect(refused).not.toThrow('word@');
    expect(readOptions(redisOptions, {}, { CLOCK_REDIS_URL: 'redis://:word@redis' }).redisUrl).toBeDefined();
  });

  test.each<[string, OptionTable, string, unknown]>([
    [
      'CLOCK_ALLOWED_ORIGINS',
      webOptions,
      ' https://a.example , http://b.example:8080',
      ['https://a.example', 'http://b.example:8080'],
    ],
    ['CLOCK_FRAME_ANCESTORS', webOptions, 'https://*.example.org', ['https://*.example.org']],
    ['CLOCK_ALLOWED_ORIGINS', webOptions, 'https://[2001:db8::1]:8443', ['https://[2001:db8::1]:8443']],
    ['CLOCK_PAGE_ORIGINS', webOptions, 'https://a.example', ['https://a.example']],
    ['CLOCK_MAX_SOCKETS', webOptions, '0', 0],
    ['CLOCK_DRAIN', webOptions, '5s', 5_000],
    ['CLOCK_INTERVAL', beatOptions, '1m', 60_000],
    ['CLOCK_INTERVAL', beatOptions, '50', 50],
    ['TZ', workerOptions, ':Europe/Madrid', 'Europe/Madrid'],
    ['CLOCK_SECRET', webOptions, `${long},${long}2`, [long, `${long}2`]],
    ['CLOCK_ADMIN_PASSWORD', webOptions, 'a long enough password', 'a long enough password'],
  ])('%s is accepted', (variable, table, text, value) => {
    expect(Object.values(readOptions(table, {}, { [variable]: text }))).toContainEqual(value);
  });

  test.each<[string, OptionTable, string]>([
    ['CLOCK_PORT', webOptions, '65536'],
    ['CLOCK_PORT', webOptions, '8000x'],
    ['PORT', webOptions, 'http'],
    ['CLOCK_WORKERS', webOptions, '257'],
    ['CLOCK_MAX_SOCKETS', webOptions, '1e3'],
    ['CLOCK_DRAIN', webOptions, '-1s'],
    ['CLOCK_ALLOWED_ORIGINS', webOptions, 'clock.example'],
    ['CLOCK_ALLOWED_ORIGINS', webOptions, 'https://clock.example/'],
    ['CLOCK_PAGE_ORIGINS', webOptions, '*'],
    ['CLOCK_TRUSTED_PROXY', webOptions, '10.0.0.0/33'],
    ['CLOCK_SECRET', webOptions, 'too-short'],
    ['CLOCK_SECRET', webOptions, `${long},too-short`],
    ['CLOCK_ADMIN_PASSWORD', webOptions, 'too-short'],
    ['CLOCK_ALLOWED_ORIGINS', webOptions, ','],
    ['CLOCK_ALLOWED_ORIGINS', webOptions, 'https://*.clock.example'],
    ['CLOCK_ALLOWED_ORIGINS', webOptions, 'wss://clock.example'],
    ['CLOCK_FRAME_ANCESTORS', webOptions, '*'],
    ['CLOCK_FRAME_ANCESTORS', webOptions, 'https://a;b.example'],
    ['CLOCK_PUBLIC_URL', webOptions, 'https://*.clock.example'],
    ['CLOCK_TRUSTED_PROXY', webOptions, ' , '],
    ['CLOCK_HOST', webOptions, '*'],
    ['CLOCK_TLS_CERT', webOptions, ' '],
    ['CLOCK_TLS_KEY', webOptions, ' '],
    ['CLOCK_INTERNAL_HOST', commonOptions, '*'],
    ['CLOCK_INTERNAL_HOST', commonOptions, 'a host'],
    ['CLOCK_DATA_DIR', dataOptions, ' '],
    ['CLOCK_REDIS_CA', redisOptions, ' '],
    ['REDIS_HOST', redisOptions, '*'],
    ['CLOCK_LOG_LEVEL', commonOptions, 'loud'],
    ['CLOCK_INTERNAL_PORT', commonOptions, 'x'],
    ['CLOCK_INTERVAL', beatOptions, '49'],
    ['CLOCK_INTERVAL', beatOptions, '61s'],
    ['CLOCK_ZONE', workerOptions, 'Atlantis/Centre'],
    ['REDIS_PORT', redisOptions, 'x'],
    ['CLOCK_REDIS_PREFIX', redisOptions, '{a}'],
  ])('%s is refused in one line that names it, and shows no secret', (variable, table, text) => {
    const read = (): unknown => readOptions(table, {}, { [variable]: text });
    expect(read).toThrow(UserError);
    expect(read).toThrow(new RegExp(`^${variable}: .* must be .+$`));
    expect(read).not.toThrow('too-short');
  });
});
