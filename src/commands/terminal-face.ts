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
  /** Why the time is not live; null if it is live or the reason is unknown. */
  reason: string | null;
  /** How far the shown time may be wrong, ms: against UTC if `utcErrorMs` is known, else against house time. */
  errorMs: number | null;
  /** House time is within this of UTC, ms; null while the installation does not check it. */
  utcErrorMs: number | null;
  /** House time minus this host's clock, ms. */
  offsetMs: number | null;
}

/** The part of a `WriteStream` (a terminal, file or pipe) that is used here. */
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
 * Writes readings. On a terminal that can move its cursor, each replaces the previous one, in the largest digits that
 * fit. Any other output gets one line per reading.
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

  /** Shows the cursor again, below the last reading. */
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
      return [...big.map((row) => this.#color(row, state)), '', this.#color(firstThatFits(words, columns), state)];
    }
    // If only one of the two fits, a time alone means that it is live.
    const alone = state === 'live' ? [time, state] : [state];
    return [this.#color(firstThatFits([...words.map((some) => `${time} ${some}`), ...alone], columns), state)];
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
function firstThatFits(texts: readonly string[], columns: number): string {
  return texts.find(({ length }) => length <= columns) ?? texts.at(-1)?.slice(0, columns) ?? '';
}

function lineOf(reading: Reading): string {
  return `${reading.time ?? '--:--:--'} ${wordsOf(reading)}`;
}

function wordsOf({ state, reason, errorMs }: Reading): string {
  if (state === 'live') return errorMs === null ? state : `${state} ± ${Math.ceil(errorMs)} ms`;
  return reason === null ? state : `${state}: ${reason}`;
}
