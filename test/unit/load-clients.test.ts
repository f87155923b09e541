import { describe, expect, test } from 'vitest';
import { ArrivalCounter, delayAt, joinArrivals } from '../../bench/load/arrivals.ts';
import { clientFrame, FrameReader, opcodes } from '../../bench/load/frame-reader.ts';

function serverFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const long = payload.length > 125;
  const head = Buffer.from(long ? [0x81, 126, payload.length >> 8, payload.length & 255] : [0x81, payload.length]);
  return Buffer.concat([head, payload]);
}

/** Feeds bytes in parts of this size, and returns the texts. */
function texts(bytes: Buffer, part: number): string[] {
  const found: string[] = [];
  const reader = new FrameReader((opcode, all, start, end) => {
    if (opcode === opcodes.text) found.push(all.toString('latin1', start, end));
  });
  for (let at = 0; at < bytes.length; at += part) reader.read(bytes.subarray(at, at + part));
  return found;
}

describe('the frame reader', () => {
  const expected = ['one', 'x'.repeat(300), 'three'];
  const bytes = Buffer.concat(expected.map(serverFrame));

  test.for([1, 2, 3, 7, 1_000])('finds the same frames in reads of %i bytes', (part) => {
    expect(texts(bytes, part)).toEqual(expected);
  });

  test('reads a pong of the client', () => {
    expect([...clientFrame(opcodes.pong, 'hi')]).toEqual([0x8a, 0x82, 0, 0, 0, 0, 104, 105]);
    expect([...clientFrame(opcodes.text, 'a'.repeat(300)).subarray(0, 5)]).toEqual([0x81, 0xfe, 0x01, 0x2c, 0]);
  });
});

describe('arrivals', () => {
  function arrivalsOf(...received: [string, number][]) {
    const counter = new ArrivalCounter();
    counter.reset();
    for (const [text, now] of received) counter.add(text, now);
    return counter.report();
  }

  test('count the sockets and the last arrival of each message, in two notations of JSON', () => {
    const { messages } = arrivalsOf(['{"at":100}', 103], ['{"at":100}', 107], ['{"at": 600}', 601], ['hello', 700]);
    expect(messages).toEqual([
      { at: 100, sockets: 2, lastMs: 107 },
      { at: 600, sockets: 1, lastMs: 601 },
    ]);
  });

  test('of two groups are joined', () => {
    const joined = joinArrivals(arrivalsOf(['{"at":100}', 103]), arrivalsOf(['{"at":100}', 108], ['{"at":50}', 60]));
    expect(joined.messages).toEqual([
      { at: 50, sockets: 1, lastMs: 60 },
      { at: 100, sockets: 2, lastMs: 108 },
    ]);
    expect(delayAt(0.5, joined.delays)).toBe(8);
    expect(delayAt(1, joined.delays)).toBe(10);
  });
});
