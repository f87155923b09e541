import { Redis } from 'ioredis';
import { Keys } from '../../src/backend/redis/keys.ts';

/** Subscribes to the ticks of `time` at Redis itself, and records which ones existed. */
export class Witness {
  /** When each tick arrived, by its instant. */
  readonly published = new Map<number, number>();
  readonly #redis: Redis;

  constructor(port: number) {
    this.#redis = new Redis({ port, host: '127.0.0.1', retryStrategy: () => 20, maxRetriesPerRequest: null });
    // It reconnects.
    this.#redis.on('error', () => {});
    this.#redis.on('message', (_channel: string, frame: string) => {
      const { message } = JSON.parse(frame) as { message: { at: number } };
      this.published.set(message.at, Date.now());
    });
  }

  async start(): Promise<void> {
    await this.#redis.subscribe(new Keys('', 0).tickChannel('time'));
  }

  stop(): void {
    this.#redis.disconnect();
  }
}
