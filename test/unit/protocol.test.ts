import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeCode, parseClientMessage, parseServerMessage, tickFrame, tickFrameParts } from '../../src/protocol.ts';
import { statusOfKind } from '../../src/web/http-error.ts';

describe('the frame of a tick', () => {
  test('has the documented bytes', () => {
    expect(tickFrame({ channel: 'time', text: '15:03:27', at: 1_763_906_607_000, seq: 35_278_132_140 })).toBe(
      '{"message":{"time":"15:03:27","at":1763906607000,"seq":35278132140},"channel":"time"}',
    );
    expect(tickFrame({ channel: 'date', text: '2026-11-25', at: 1_763_906_640_000, seq: 35_278_132_800 })).toBe(
      '{"message":{"date":"2026-11-25","at":1763906640000,"seq":35278132800},"channel":"date"}',
    );
  });

  test('is shorter than 126 bytes, so that its WebSocket header has two bytes', () => {
    const longest = { channel: 'date', text: '2026-11-25', at: 9_999_999_999_999, seq: Number.MAX_SAFE_INTEGER };
    expect(tickFrame(longest).length).toBeLessThan(126);
  });

  test('is parsed to the tick that it was built from, whatever the channel and the text', () => {
    // A channel is a key beside `at` and `seq`, so it cannot have their names. What `show` carries is not a text.
    const channels = fc.string().filter((name) => !['at', 'seq', 'show', '__proto__'].includes(name));
    fc.assert(
      fc.property(channels, fc.string(), fc.nat(), fc.nat(), (channel, text, at, seq) => {
        const tick = { channel, text, at, seq };
        expect(parseServerMessage(tickFrame(tick))).toEqual({ tick });
      }),
    );
  });

  test('consists of its two parts with the seq between them', () => {
    const { beforeSeq, afterSeq } = tickFrameParts('time', '15:03:27', 1_763_906_607_000);
    expect(`${beforeSeq}7${afterSeq}`).toBe(
      tickFrame({ channel: 'time', text: '15:03:27', at: 1_763_906_607_000, seq: 7 }),
    );
  });
});

describe('a message of the channel show', () => {
  test('is parsed, with nothing to show, too', () => {
    const show = { message: 'Doors open', countdown: { until: 1_763_906_607_000, warnAt: [60_000] } };
    const message = { show, at: 1_763_906_600_000, seq: 1_763_906_600_001 };
    expect(parseServerMessage(JSON.stringify({ message, channel: 'show' }))).toEqual({ show: message });
    const nothing = { ...message, show: null };
    expect(parseServerMessage(JSON.stringify({ message: nothing, channel: 'show' }))).toEqual({ show: nothing });
  });

  test.each(['"text"', '7', '[]'])('is of an unknown kind if it carries %s', (content) => {
    expect(parseServerMessage(`{"message":{"show":${content},"at":1,"seq":1},"channel":"show"}`)).toBeNull();
  });
});

describe('a message of a client', () => {
  test('is a sync if its number is finite', () => {
    expect(parseClientMessage('{"sync":-1.5e300}')).toEqual({ sync: -1.5e300 });
  });

  test.each(['{}', '{"sync":"1"}', '{"sync":null}', '{"sync":1e999}', '{"other":1}', '{"status":{"state":"odd"}}'])(
    '%s is an object of an unknown kind',
    (text) => {
      expect(parseClientMessage(text)).toBe('ignored');
    },
  );

  test.each(['', '1', 'null', '"sync"', '[]', '[{"sync":1}]', '{"sync":1', 'true', '\u0000'])(
    '%j is not an object',
    (text) => {
      expect(parseClientMessage(text)).toBeNull();
    },
  );

  test('reports the status of a screen, without unknown keys', () => {
    const status = { build: '1.0.0+3f2a91c', state: 'live', offsetMs: -3.1, errorMs: null, more: 1 };
    expect(parseClientMessage(JSON.stringify({ status }))).toEqual({
      status: { build: '1.0.0+3f2a91c', state: 'live', offsetMs: -3.1, errorMs: null },
    });
  });

  test.each([
    { build: 'a b' },
    { build: '' },
    { build: 'x'.repeat(65) },
    { build: '<b>' },
    { build: 7 },
    { state: 'on' },
  ])('is no status with %j', (wrong) => {
    const status = { build: '1.0.0+3f2a91c', state: 'live', offsetMs: 1, errorMs: 1, ...wrong };
    expect(parseClientMessage(JSON.stringify({ status }))).toBe('ignored');
  });

  test('has numbers or null in a status, whatever a screen claims', () => {
    const text = '{"status":{"build":"1","state":"live","offsetMs":1e999,"errorMs":-4,"differs":1}}';
    expect(parseClientMessage(text)).toEqual({ status: { build: '1', state: 'live', offsetMs: null, errorMs: null } });
  });

  test('says in a status that the text of a tick differs', () => {
    const status = { build: '1', state: 'live', offsetMs: 1, errorMs: 1, differs: true };
    expect(parseClientMessage(JSON.stringify({ status }))).toEqual({ status });
  });

  test('is parsed without an exception, whatever its text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => parseClientMessage(text)).not.toThrow();
      }),
    );
  });
});

describe('docs/protocol.md', () => {
  const documentation = readFileSync(join(import.meta.dirname, '../../docs/protocol.md'), 'utf8');

  test('lists every type of problem with its status', () => {
    const kinds = [...documentation.matchAll(/^\| (\d{3}) \| (`.+`) \|$/gm)].flatMap(([, status, types = '']) =>
      [...types.matchAll(/`([a-z-]+)`/g)].map(([, kind = '']) => [kind, Number(status)] as const),
    );
    expect(Object.fromEntries(kinds)).toEqual(statusOfKind);
  });

  test('lists every close code', () => {
    const codes = [...documentation.matchAll(/^\| (\d{4}) \|/gm)].map(([, code]) => Number(code));
    expect(codes).toEqual(Object.values(closeCode));
  });
});
