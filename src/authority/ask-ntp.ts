import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { createQuestion, readAnswer, type Answer } from '../time/ntp/packet.ts';
import type { NtpServer } from './options.ts';

const answerWithinMs = 2_000;

/**
 * Asks a server for the time, from a port of its own. Resolves within 2 s, and at once if `stopping` aborts. Answers from
 * another address or port do not arrive, since the socket is connected.
 */
export async function askNtp(server: NtpServer, stopping: AbortSignal): Promise<Answer> {
  const ended = AbortSignal.any([stopping, AbortSignal.timeout(answerWithinMs)]);
  const silence = new Promise<Answer>((resolve) => {
    const onEnd = (): void => resolve({ kind: 'refused', reason: 'no answer within 2 s' });
    if (ended.aborted) onEnd();
    else ended.addEventListener('abort', onEnd, { once: true });
  });
  const exchange = exchangeWith(server, ended).catch((error: NodeJS.ErrnoException): Answer => {
    return { kind: 'refused', reason: error.code ?? error.message };
  });
  return Promise.race([silence, exchange]);
}

async function exchangeWith({ host, port }: NtpServer, signal: AbortSignal): Promise<Answer> {
  const { address, family } = await lookup(host);
  // Closed by the signal, if it is not closed before.
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', signal });
  try {
    return await new Promise<Answer>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(port, address, () => {
        const stamp = randomBytes(8);
        const sentAt = performance.now();
        socket.on('message', (packet) => {
          const answer = readAnswer(packet, stamp, sentAt, performance.now());
          if (answer !== null) resolve(answer);
        });
        socket.send(createQuestion(stamp));
      });
    });
  } finally {
    socket.close();
  }
}
