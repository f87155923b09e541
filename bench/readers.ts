import { fork } from 'node:child_process';
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
  await once(child, 'message');
  return {
    frames: async () => {
      child.send('count');
      const [frames] = (await once(child, 'message')) as [number];
      return frames;
    },
    close: async () => {
      child.disconnect();
      await once(child, 'exit');
    },
  };
}
