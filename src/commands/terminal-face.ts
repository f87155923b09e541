import type { ScreenState } from '../protocol.ts';
import { bigDigits } from './big-digits.ts';

/** What a terminal shows of the clock at a moment. */
export interface Reading {
  /** The second that is shown, epoch ms of house time; null before the first. */
  at: number | null;
  /** `15:03:27`. */
  time: string | null;
  zone: string | null;
  state: ScreenState;
  /** How far the shown time may be wrong, ms. */
  errorMs: number | null;
  /** House time minus this host's clock, ms. */
  offsetMs: number | null;
}

/** What is needed of a terminal, or of what stands in its place. */
export interface Output {
  write(text: string): unknown;
  on(event: 'error', hear: (error: NodeJS.ErrnoException) => void): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

export interface TerminalFaceOptions {
  output: Output;
  asJson: boolean;
  hasColor: boolean;
}

const hideCursor = '\u001B[?25l';
const showCursor = '\u001B[?25h';
const clearBelow = '\u001B[J';
const colors = { connecting: 33, live: 32, stale: 33, 'signed-out': 31 } as const;
const bigRows = 7;

/** Writes readings: over one another on a terminal, in digits as big as there is room; a line each elsewhere. */
export class TerminalFace {
  readonly #options: TerminalFaceOptions;
  #lines = 0;

  constructor(options: TerminalFaceOptions) {
    this.#options = options;
  }

  show(reading: Reading): void {
    const { output, asJson } = this.#options;
    if (asJson) output.write(`${JSON.stringify(reading)}\n`);
    else if (output.isTTY) this.#draw(reading);
    else output.write(`${lineOf(reading)}\n`);
  }

  /** Leaves the terminal as it was found, with the last reading on it. */
  end(): void {
    if (this.#lines > 0) this.#options.output.write(`\n${showCursor}`);
  }

  #draw(reading: Reading): void {
    const { output } = this.#options;
    const { columns = 80, rows = 24 } = output;
    const lines = this.#linesOf(reading, columns, rows);
    const back = this.#lines > 1 ? `\u001B[${this.#lines - 1}A` : '';
    output.write(`${hideCursor}${back}\r${clearBelow}${lines.join('\n')}`);
    this.#lines = lines.length;
  }

  #linesOf(reading: Reading, columns: number, rows: number): string[] {
    const { state, zone } = reading;
    const time = reading.time ?? '--:--:--';
    const big = bigDigits(time);
    const words = [`${wordsOf(reading)} ${zone ?? ''}`.trim(), wordsOf(reading), state];
    if (rows >= bigRows && columns > (big[0]?.length ?? 0) + 2) {
      return [...big.map((row) => this.#color(row, state)), '', this.#color(fitting(words, columns), state)];
    }
    // Where there is no room for both, a time alone is a live one.
    const alone = state === 'live' ? [time, state] : [state];
    return [this.#color(fitting([...words.map((some) => `${time} ${some}`), ...alone], columns), state)];
  }

  #color(text: string, state: ScreenState): string {
    return this.#options.hasColor ? `\u001B[${colors[state]}m${text}\u001B[0m` : text;
  }
}

/** The first text that has room: what is cut may say something else. */
function fitting(texts: readonly string[], columns: number): string {
  return texts.find(({ length }) => length <= columns) ?? texts.at(-1)?.slice(0, columns) ?? '';
}

function lineOf(reading: Reading): string {
  return `${reading.time ?? '--:--:--'} ${wordsOf(reading)}`;
}

function wordsOf({ state, errorMs }: Reading): string {
  return errorMs === null || state !== 'live' ? state : `${state} ± ${Math.ceil(errorMs)} ms`;
}
