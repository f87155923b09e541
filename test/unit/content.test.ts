import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { channelNameProblem, scopeProblem } from '../../src/channels/channel-names.ts';
import { decodeText, jsonContent, parseJson, textContent } from '../../src/channels/content.ts';

describe('a content', () => {
  test('is any JSON value, unchanged', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(jsonContent(parseJson(JSON.stringify(value))))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('has at most 2,048 bytes, of the text or of the compact JSON', () => {
    expect(textContent('"'.repeat(2_048))).toHaveLength(4_098);
    expect(() => textContent('"'.repeat(2_049))).toThrow('The content has 2049 bytes, and at most 2048 are allowed.');
    expect(() => textContent('🕒'.repeat(513))).toThrow(/2052 bytes/);
    expect(jsonContent(parseJson(`[ "${'x'.repeat(2_044)}" ]`))).toHaveLength(2_048);
    expect(() => jsonContent(['x'.repeat(2_045)])).toThrow(/2049 bytes/);
  });

  test.each(['', '{', '{"a":1', "{'a':1}", 'undefined', '\u0000'])('%j is not JSON', (text) => {
    expect(() => parseJson(text)).toThrow('The JSON is not valid.');
  });

  test('has no lone surrogate, and no number that a double cannot hold', () => {
    for (const text of ['"\\ud800"', '[{"\\udfff":1}]']) {
      expect(() => parseJson(text)).toThrow('A text contains a lone surrogate.');
    }
    expect(parseJson('"\\ud83d\\udd52"')).toBe('🕒');
    expect(() => parseJson('[1e400]')).toThrow('A number is too large.');
  });

  test('nested ten thousand deep is refused or unchanged, without an unexpected error', () => {
    const text = '['.repeat(10_000) + ']'.repeat(10_000);
    expect(() => jsonContent(parseJson(text))).toThrow(/JSON is not valid|bytes/);
  });

  test('is valid UTF-8', () => {
    expect(decodeText(Buffer.from('\ufeffü🕒'))).toBe('\ufeffü🕒');
    expect(() => decodeText(Buffer.from([0x61, 0xff]))).toThrow('The bytes are not valid UTF-8.');
    expect(() => decodeText(Buffer.from([0xed, 0xa0, 0x80]))).toThrow('The bytes are not valid UTF-8.');
  });
});

describe('the name of a channel', () => {
  test.each(['a', 'news', 'constructor', 'a-b_9', 'x'.repeat(32)])('can be %s', (name) => {
    expect(channelNameProblem(name)).toBeNull();
  });

  test.each(['', 'News', '9a', '_a', '__proto__', 'a b', 'ü', 'x'.repeat(33), 'a\n'])('cannot be %j', (name) => {
    expect(channelNameProblem(name)).toMatch(/^must be 1 to 32 lower-case letters/);
  });

  test('is not one of Clock itself, nor a key of a message', () => {
    expect(['time', 'date', 'show'].map(channelNameProblem)).toEqual(Array(3).fill('is a built-in channel'));
    expect(['at', 'seq'].map(channelNameProblem)).toEqual(Array(2).fill('is reserved'));
    expect(scopeProblem('show')).toBeNull();
    expect(scopeProblem('date')).toBe('is a built-in channel');
  });
});
