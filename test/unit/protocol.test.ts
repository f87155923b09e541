import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseClientMessage, parseServerMessage, tickFrameAroundSeq } from '../../src/protocol.ts';

function frameOf(channel: string, text: string, at: number, seq: number): string {
  return tickFrameAroundSeq(channel, text, at).join(String(seq));
}

describe('the frame of a tick', () => {
  test('is the one of the contract, to the letter', () => {
    expect(frameOf('time', '15:03:27', 1_763_906_607_000, 35_278_132_140)).toBe(
      '{"message":{"time":"15:03:27","at":1763906607000,"seq":35278132140},"channel":"time"}',
    );
    expect(frameOf('date', '2026-11-25', 1_763_906_640_000, 35_278_132_800)).toBe(
      '{"message":{"date":"2026-11-25","at":1763906640000,"seq":35278132800},"channel":"date"}',
    );
  });

  test('stays below 126 bytes, so that its header stays two', () => {
    expect(frameOf('date', '2026-11-25', 9_999_999_999_999, Number.MAX_SAFE_INTEGER).length).toBeLessThan(126);
  });

  test('is read back as what was written', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), fc.nat(), (text, at, seq) => {
        expect(parseServerMessage(frameOf('time', text, at, seq))).toEqual({
          tick: { channel: 'time', text, at, seq },
        });
      }),
    );
  });
});

describe('a message of a client', () => {
  test('is a sync with any finite number', () => {
    expect(parseClientMessage('{"sync":-1.5e300}')).toEqual({ sync: -1.5e300 });
  });

  test.each(['{}', '{"sync":"1"}', '{"sync":null}', '{"sync":1e999}', '{"other":1}', '{"status":{"state":"odd"}}'])(
    '%s is an object that asks for nothing',
    (text) => {
      expect(parseClientMessage(text)).toBe('ignored');
    },
  );

  test.each(['', '1', 'null', '"sync"', '[]', '[{"sync":1}]', '{"sync":1', 'true', '\u0000'])(
    '%j is no object',
    (text) => {
      expect(parseClientMessage(text)).toBeNull();
    },
  );

  test('tells how a screen does, and other keys of it are dropped', () => {
    const status = { build: '1.0.0+3f2a91c', state: 'live', offsetMs: -3.1, errorMs: null, more: 1 };
    expect(parseClientMessage(JSON.stringify({ status }))).toEqual({
      status: { build: '1.0.0+3f2a91c', state: 'live', offsetMs: -3.1, errorMs: null },
    });
  });

  test('of whatever text is one of these', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void parseClientMessage(text)));
  });
});
