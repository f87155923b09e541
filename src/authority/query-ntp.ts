import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import type { LookupAddress } from 'node:dns';
import { withDeadline } from '../time/deadline.ts';
import { createRequest, parseResponse, type NtpResponse } from '../time/ntp/packet.ts';
import type { NtpServer } from './options.ts';
import { ServerAddresses } from './server-addresses.ts';

const answerWithinMs = 2_000;

/**
 * Queries a server for the time, from a new port. Resolves within 2 s, and at once if `stopping` aborts. Answers from
 * another address or port do not arrive, since the socket is connected.
 */
export async function queryNtp(
  server: NtpServer,
  stopping: AbortSignal,
  addresses = new ServerAddresses(),
): Promise<NtpResponse> {
  const response = await withDeadline(stopping, answerWithinMs, (signal) => {
    const silence = new Promise<NtpResponse>((resolve) => {
      const onEnd = (): void => resolve({ kind: 'refused', reason: 'no answer within 2 s' });
      if (signal.aborted) onEnd();
      else signal.addEventListener('abort', onEnd, { once: true });
    });
    const exchange = exchangeWith(server, addresses, signal).catch((error: NodeJS.ErrnoException): NtpResponse => {
      return { kind: 'refused', reason: error.code ?? error.message };
    });
    return Promise.race([silence, exchange]);
  });
  if (response.kind !== 'time') addresses.skip(server.host);
  return response;
}

/** Tries the next address of the host if one cannot be reached, such as `::1` of a server that uses only IPv4. */
async function exchangeWith(server: NtpServer, addresses: ServerAddresses, signal: AbortSignal): Promise<NtpResponse> {
  const address = await addresses.resolve(server.host);
  try {
    return await exchangeWithAddress(address, server.port, signal);
  } catch (error) {
    if (signal.aborted || !addresses.skip(server.host)) throw error;
    return exchangeWith(server, addresses, signal);
  }
}

async function exchangeWithAddress(
  { address, family }: LookupAddress,
  port: number,
  signal: AbortSignal,
): Promise<NtpResponse> {
  // Closed by the signal, if it is not closed before.
  const socket = createSocket({ type: family === 6 ? 'udp6' : 'udp4', signal });
  try {
    return await new Promise<NtpResponse>((resolve, reject) => {
      socket.once('error', reject);
      // A callback of `connect` would run after an error, too.
      socket.once('connect', () => {
        const nonce = randomBytes(8);
        const sentAt = performance.now();
        socket.on('message', (packet) => {
          const answer = parseResponse(packet, nonce, sentAt, performance.now());
          if (answer !== null) resolve(answer);
        });
        socket.send(createRequest(nonce), (error) => {
          if (error !== null) reject(error);
        });
      });
      socket.connect(port, address);
    });
  } finally {
    socket.close();
  }
}
