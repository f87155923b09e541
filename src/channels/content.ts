/** The maximum size of the content of a message: the bytes of a text, or of the compact JSON. */
const maxContentBytes = 2_048;

/** Content that cannot be published. The message is one sentence for a person. */
export class InvalidContent extends Error {
  override readonly name = 'InvalidContent';
  readonly isTooLarge: boolean;

  constructor(message: string, { isTooLarge = false } = {}) {
    super(message);
    this.isTooLarge = isTooLarge;
  }
}

/** Decodes UTF-8. Throws `InvalidContent` for invalid bytes, which a replacement character would hide. */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InvalidContent('The bytes are not valid UTF-8.');
  }
}

/**
 * Parses JSON that keeps its meaning if it is sent on. Throws `InvalidContent` for other texts, for numbers beyond the
 * range of a double, and for lone surrogates, which UTF-8 cannot contain.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) => {
      if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed())) {
        throw new InvalidContent('A text contains a lone surrogate.');
      }
      if (typeof value === 'number' && !Number.isFinite(value)) throw new InvalidContent('A number is too large.');
      return value;
    });
  } catch (error) {
    if (error instanceof InvalidContent) throw error;
    throw new InvalidContent('The JSON is not valid.');
  }
}

/** The JSON of a text. Throws `InvalidContent` if the text is too large. */
export function textContent(text: string): string {
  expectSize(Buffer.byteLength(text));
  return JSON.stringify(text);
}

/** The compact JSON of a parsed value. Throws `InvalidContent` if it is too large. */
export function jsonContent(value: unknown): string {
  const json = JSON.stringify(value);
  expectSize(Buffer.byteLength(json));
  return json;
}

function expectSize(bytes: number): void {
  if (bytes <= maxContentBytes) return;
  throw new InvalidContent(`The content has ${bytes} bytes, and at most ${maxContentBytes} are allowed.`, {
    isTooLarge: true,
  });
}
