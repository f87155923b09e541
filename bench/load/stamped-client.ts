import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type Arrivals, joinArrivals, noArrivals } from './arrivals.ts';
import type { Target } from './load-sockets.ts';

type Request = { name: 'open'; target: object } | { name: 'reset' | 'report' };
type Response = { size: number; refused: number; arrivals: Arrivals } | { error: string };

interface Process {
  child: ChildProcessByStdio<Writable, Readable, null>;
  lines: Interface;
}

/** A process may have few descriptors, and an address few ports: each process has its own loopback address. */
const socketsPerProcess = 10_000;

/**
 * Opens many sockets that receive a message every `intervalMs`, at its multiples since the epoch, without using the
 * cores at these moments: the kernel stamps each arrival, and the sockets are read half an interval later. So a delay is
 * the time until the kernel has the frame for the client. It excludes the time in which the client would read it.
 */
export class StampedClient {
  readonly #intervalMs: number;
  readonly #processes: Process[] = [];

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Resolves when all handshakes are complete. Repeats those that get a 503; rejects for other refusals. Call once. */
  async open({ port, path, cookie = '' }: Target, count: number): Promise<void> {
    const needed = Math.ceil(count / socketsPerProcess);
    const share = Math.ceil(count / needed);
    const requests = Array.from({ length: needed }, (_, index): Request => {
      const part = { count: Math.min(share, count - index * share), local_address: `127.0.0.${index + 2}` };
      return { name: 'open', target: { port, path, cookie, ...part } };
    });
    await Promise.all(requests.map((request) => ask(this.#start(), request)));
  }

  /** Begins to count anew. */
  async reset(): Promise<void> {
    await this.#askAll('reset');
  }

  /**
   * What was read since the last reset, the number of sockets that the server has not closed, and of handshakes that got
   * a 503.
   */
  async report(): Promise<{ arrivals: Arrivals; size: number; refused: number }> {
    const responses = await this.#askAll('report');
    return {
      arrivals: responses.map(({ arrivals }) => arrivals).reduce(joinArrivals, noArrivals),
      size: responses.reduce((sum, { size }) => sum + size, 0),
      refused: responses.reduce((sum, one) => sum + one.refused, 0),
    };
  }

  /** Ends the processes. */
  stop(): void {
    for (const { child } of this.#processes) child.kill('SIGKILL');
  }

  #start(): Process {
    const command = [join(import.meta.dirname, 'stamped_sockets.py'), String(this.#intervalMs)];
    const child = spawn('python3', command, { stdio: ['pipe', 'pipe', 'inherit'] });
    const started = { child, lines: createInterface({ input: child.stdout }) };
    this.#processes.push(started);
    return started;
  }

  #askAll(name: 'reset' | 'report') {
    return Promise.all(this.#processes.map((one) => ask(one, { name })));
  }
}

async function ask({ child, lines }: Process, request: Request): Promise<Exclude<Response, { error: string }>> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onClose = (): void => reject(new Error('a process of the stamped sockets ended'));
  lines.once('line', resolve).once('close', onClose);
  child.stdin.write(`${JSON.stringify(request)}\n`);
  const response = JSON.parse(await promise.finally(() => lines.off('close', onClose))) as Response;
  if ('error' in response) throw new Error(response.error);
  return response;
}
