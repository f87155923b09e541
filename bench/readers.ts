import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Sockets of another process. */
export interface Readers {
  /** Number of frames received so far. */
  frames(): Promise<number>;
  close(): Promise<void>;
}

/** What a process of readers opens. */
export interface ReadersRequest {
  port: number;
  count: number;
  query: string;
  cookie: string;
}

/** Opens sockets that cost little CPU, in a process of their own. Resolves when all handshakes are complete. */
export async function openReaders(request: ReadersRequest): Promise<Readers> {
  const child = fork(join(import.meta.dirname, 'reader-process.ts'));
  child.send(request);
  await responseOf(child);
  return {
    frames: async () => {
      child.send('count');
      return Number(await responseOf(child));
    },
    close: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

/** The next message of a process. Rejects if the process ends before. */
async function responseOf(child: ChildProcess): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const onExit = (): void => reject(new Error('the process of the readers ended'));
  child.once('message', resolve).once('exit', onExit);
  return promise.finally(() => child.off('message', resolve).off('exit', onExit));
}
