/** Reads the text frames of a server, which are not fragmented. */
export class FrameReader {
  #rest: Buffer = Buffer.alloc(0);

  /** The texts that these bytes complete. */
  read(bytes: Buffer): string[] {
    let rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const texts: string[] = [];
    for (;;) {
      const short = (rest[1] ?? 0) & 0x7f;
      const head = short < 126 ? 2 : 4;
      if (rest.length < head) break;
      const length = short < 126 ? short : rest.readUInt16BE(2);
      if (rest.length < head + length) break;
      if (((rest[0] ?? 0) & 0x0f) === 1) texts.push(rest.toString('utf8', head, head + length));
      rest = rest.subarray(head + length);
    }
    this.#rest = Buffer.from(rest);
    return texts;
  }
}

/** A text frame of a client. A mask of zeros leaves the text as it is. Messages to Clock are shorter than 64 KiB. */
export function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const length = payload.length < 126 ? [0x80 | payload.length] : [0xfe, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([Buffer.from([0x81, ...length, 0, 0, 0, 0]), payload]);
}
