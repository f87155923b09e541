import { connect } from 'node:net';
import { withDeadline } from '../../time/deadline.ts';
import type { Address } from './target.ts';

const readTimeoutMs = 300;

/**
 * Reads the error that Redis sends on a new connection before it closes it, for example if `maxclients` is reached. A
 * client that writes first may lose it, so this connection only reads. Resolves to null if there is no such error
 * within 0.3 s.
 */
export function readRefusal({ host, port }: Address, stopping: AbortSignal): Promise<Error | null> {
  const read = (signal: AbortSignal): Promise<Error | null> =>
    new Promise((resolve) => {
      const socket = connect({ host, port, signal });
      let text = '';
      socket.on('data', (bytes: Buffer) => (text += bytes.toString()));
      // The text decides, however the connection ends.
      socket.on('error', () => {});
      socket.on('close', () => {
        const message = /^-([^\r\n]+)/.exec(text)?.[1];
        resolve(message === undefined ? null : errorReply(message));
      });
    });
  return withDeadline(stopping, readTimeoutMs, read);
}

/** An error with the name that ioredis gives to the error replies of Redis. */
function errorReply(message: string): Error {
  const error = new Error(message);
  error.name = 'ReplyError';
  return error;
}
