import { Redis, type RedisOptions } from 'ioredis';
import { AnswerTimer } from './answer-timer.ts';

/**
 * An ioredis client whose connection ends if the oldest command without an answer gets none for a time. A frozen Redis
 * and a half-open connection close nothing. The options `commandTimeout` and `socketTimeout` of ioredis set and clear two
 * timers per command, which take an eighth of its CPU time, and any data extends `socketTimeout`.
 */
export class TimedRedis extends Redis {
  readonly #timer: AnswerTimer;
  /** The oldest command without an answer, to which the timer belongs. */
  #oldest: object | undefined;

  /** `options` must contain `lazyConnect`. */
  constructor(options: Omit<RedisOptions, 'replyMapping'>, timeoutMs: number) {
    super(options);
    this.#timer = new AnswerTimer(timeoutMs, (reason) => this.stream.destroy(reason));
    // ioredis has put its own listener first, which removes the answered commands.
    this.once('connect', () => this.stream.on('data', () => this.#wait()));
    this.once('close', () => this.#timer.clear());
  }

  override sendCommand(...parameters: Parameters<Redis['sendCommand']>): unknown {
    const answer = super.sendCommand(...parameters);
    this.#wait();
    return answer;
  }

  /** Restarts the timer only for another command: parts of an answer, pushed messages and new commands prove nothing. */
  #wait(): void {
    const oldest = this.commandQueue.peekFront();
    if (oldest === this.#oldest) return;
    this.#oldest = oldest;
    if (oldest === undefined) this.#timer.clear();
    else this.#timer.restart();
  }
}
