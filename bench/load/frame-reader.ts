/** Opcodes of RFC 6455. */
export const opcodes = { text: 1, close: 8, ping: 9, pong: 10 } as const;

/** Called with the bytes that contain the payload, and where it begins and ends in them. */
export type OnFrame = (opcode: number, bytes: Buffer, start: number, end: number) => void;

/** Splits what a server sends over one socket into frames of at most 64 KiB. Copies only what a read cuts in two. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  #rest: Buffer | null = null;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  read(received: Buffer): void {
    const bytes = this.#rest === null ? received : Buffer.concat([this.#rest, received]);
    let at = 0;
    while (at + 2 <= bytes.length) {
      const length = bytes.readUInt8(at + 1);
      if (length === 127) throw new Error('a frame of more than 64 KiB');
      const isLong = length === 126;
      if (isLong && at + 4 > bytes.length) break;
      const start = at + (isLong ? 4 : 2);
      const end = start + (isLong ? bytes.readUInt16BE(at + 2) : length);
      if (end > bytes.length) break;
      this.#onFrame(bytes.readUInt8(at) & 15, bytes, start, end);
      at = end;
    }
    this.#rest = at === bytes.length ? null : bytes.subarray(at);
  }
}

/** A frame of a client with at most 64 KiB. Its mask is zero, so the payload is readable. */
export function clientFrame(opcode: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload);
  const length = bytes.length < 126 ? [0x80 | bytes.length] : [0xfe, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from([0x80 | opcode, ...length, 0, 0, 0, 0]), bytes]);
}
