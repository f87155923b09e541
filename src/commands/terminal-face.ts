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
  /** Why there is no time; null while there is, or while the reason is not known. */
  reason: string | null;
  /** How far the shown time may be wrong, ms. */
  errorMs: number | null;
  /** House time minus this host's clock, ms. */
  offsetMs: number | null;
}

/** The part of a terminal, file or pipe that is needed here. */
export interface Output {
  write(text: string): unknown;
  on(event: 'error', onError: (error: NodeJS.ErrnoException) => void): unknown;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
}

export interface TerminalFaceOptions {
  output: Output;
  asJson: boolean;
  environment: Readonly<Record<string, string | undefined>>;
}

const hideCursor = '\u001B[?25l';
const showCursor = '\u001B[?25h';
const clearBelow = '\u001B[J';
const colors = { connecting: 33, live: 32, stale: 33, 'signed-out': 31 } as const;
const bigRows = 7;

/**
 * Writes readings. A terminal that can move its cursor shows one after the other in the same place, in digits as big
 * as fit; everything else gets one line each.
 */
export class TerminalFace {
  readonly #options: TerminalFaceOptions;
  readonly #isDrawn: boolean;
  readonly #hasColor: boolean;
  readonly #isAscii: boolean;
  #lines = 0;
  #columns = 0;

  constructor(options: TerminalFaceOptions) {
    const { output, asJson, environment } = options;
    this.#options = options;
    const isTerminal = output.isTTY === true;
    this.#isDrawn = isTerminal && !asJson && environment['TERM'] !== 'dumb' && output.columns !== 0;
    this.#hasColor = this.#isDrawn && !environment['NO_COLOR'];
    this.#isAscii = isTerminal && !isUtf8(environment);
  }

  show(reading: Reading): void {
    const { output, asJson } = this.#options;
    if (asJson) output.write(`${JSON.stringify(reading)}\n`);
    else if (this.#isDrawn) this.#draw(reading);
    else output.write(`${this.#plain(lineOf(reading))}\n`);
  }

  /** Clears the reading and calls `write`, which may write other lines. The next reading follows them. */
  interrupt(write: () => void): void {
    if (this.#lines > 0) this.#options.output.write(`${this.#back()}${clearBelow}`);
    this.#lines = 0;
    write();
  }

  /** Leaves the terminal as it was, below the last reading. */
  end(): void {
    if (this.#columns > 0) this.#options.output.write(`${this.#lines > 0 ? '\n' : ''}${showCursor}`);
  }

  #draw(reading: Reading): void {
    const { output } = this.#options;
    const { columns = 80, rows = 24 } = output;
    const lines = this.#linesOf(reading, columns, rows);
    // How the terminal wrapped the old lines after a change of width is unknown, so they stay where they are.
    const start = this.#lines > 0 && columns !== this.#columns ? '\n' : this.#back();
    output.write(`${hideCursor}${start}${clearBelow}${lines.join('\n')}`);
    this.#lines = lines.length;
    this.#columns = columns;
  }

  /** Moves the cursor to where the last reading begins. */
  #back(): string {
    return this.#lines > 1 ? `\r\u001B[${this.#lines - 1}A` : '\r';
  }

  #linesOf(reading: Reading, columns: number, rows: number): string[] {
    const { state, zone } = reading;
    const time = reading.time ?? '--:--:--';
    const big = bigDigits(time);
    const words = [`${wordsOf(reading)} ${zone ?? ''}`.trim(), wordsOf(reading), state];
    if (rows >= bigRows && columns > (big[0]?.length ?? 0) + 2) {
      return [...big.map((row) => this.#color(row, state)), '', this.#color(fitting(words, columns), state)];
    }
    // If there is space for one of the two only, a time alone says that it is live.
    const alone = state === 'live' ? [time, state] : [state];
    return [this.#color(fitting([...words.map((some) => `${time} ${some}`), ...alone], columns), state)];
  }

  #color(text: string, state: ScreenState): string {
    const plain = this.#plain(text);
    return this.#hasColor ? `\u001B[${colors[state]}m${plain}\u001B[0m` : plain;
  }

  #plain(text: string): string {
    return this.#isAscii ? text.replaceAll('█', '#').replaceAll('±', '+-') : text;
  }
}

/** Uses the precedence of POSIX. If no variable is set, the terminal is assumed to support UTF-8. */
function isUtf8(environment: Readonly<Record<string, string | undefined>>): boolean {
  const locale = environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'];
  return !locale || /utf-?8/i.test(locale);
}

/** The first text that fits, since a truncated text may have another meaning. */
function fitting(texts: readonly string[], columns: number): string {
  return texts.find(({ length }) => length <= columns) ?? texts.at(-1)?.slice(0, columns) ?? '';
}

function lineOf(reading: Reading): string {
  return `${reading.time ?? '--:--:--'} ${wordsOf(reading)}`;
}

function wordsOf({ state, reason, errorMs }: Reading): string {
  if (state === 'live') return errorMs === null ? state : `${state} ± ${Math.ceil(errorMs)} ms`;
  return reason === null ? state : `${state}: ${reason}`;
}
