import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { type Arrivals, joinArrivals, noArrivals } from './arrivals.ts';
import type { Target } from './load-sockets.ts';

export type LoadRequest =
  | { name: 'open'; target: Target; count: number; localAddress: string }
  | { name: 'reset' | 'report' | 'close' };

export type LoadResponse = { size: number; arrivals?: Arrivals | undefined } | { error: string };

/** A process may have few descriptors, and an address few ports: each process has its own loopback address. */
const socketsPerProcess = 8_000;

/** Opens any number of sockets, in processes of its own. Every method resolves when all of them are done. */
export class LoadClient {
  readonly #processes: ChildProcess[] = [];

  async open(target: Target, count: number): Promise<void> {
    const needed = Math.ceil(count / socketsPerProcess);
    while (this.#processes.length < needed) this.#processes.push(fork(join(import.meta.dirname, 'load-process.ts')));
    const share = Math.ceil(count / needed);
    const requests = Array.from({ length: needed }, (_, index): LoadRequest => {
      const localAddress = `127.0.0.${index + 2}`;
      return { name: 'open', target, count: Math.min(share, count - index * share), localAddress };
    });
    await Promise.all(requests.map((request, index) => this.#ask(this.#processes[index], request)));
  }

  /** Begins to count anew. */
  async reset(): Promise<void> {
    await this.#askAll('reset');
  }

  /** What arrived since the last reset, and the number of sockets that are open. */
  async report(): Promise<{ arrivals: Arrivals; size: number }> {
    const responses = await this.#askAll('report');
    return {
      arrivals: responses.map(({ arrivals }) => arrivals ?? noArrivals).reduce(joinArrivals, noArrivals),
      size: responses.reduce((sum, { size }) => sum + size, 0),
    };
  }

  /** Closes the sockets. */
  async close(): Promise<void> {
    await this.#askAll('close');
  }

  /** Ends the processes. */
  stop(): void {
    for (const child of this.#processes) child.kill('SIGKILL');
  }

  #askAll(name: 'reset' | 'report' | 'close'): Promise<Exclude<LoadResponse, { error: string }>[]> {
    return Promise.all(this.#processes.map((child) => this.#ask(child, { name })));
  }

  async #ask(child: ChildProcess | undefined, request: LoadRequest): Promise<Exclude<LoadResponse, { error: string }>> {
    if (child === undefined || child.exitCode !== null) throw new Error('a process of the load has ended');
    const { promise, resolve, reject } = Promise.withResolvers<LoadResponse>();
    const onExit = (): void => reject(new Error('a process of the load ended'));
    child.once('message', resolve);
    child.once('exit', onExit);
    child.send(request);
    const response = await promise.finally(() => child.off('message', resolve).off('exit', onExit));
    if ('error' in response) throw new Error(response.error);
    return response;
  }
}
