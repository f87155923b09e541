import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/logger.ts';
import type { RequestHead } from '../../src/web/http.ts';
import { ChannelAccess } from '../../src/web/channel-access.ts';
import { type OpenSocket, SocketEndpoint, type SocketEndpointOptions } from '../../src/web/socket-endpoint.ts';

const head: RequestHead = {
  method: 'GET',
  path: '/time/tic/',
  query: '',
  headers: new Map([
    ['upgrade', 'websocket'],
    ['connection', 'Upgrade'],
    ['sec-websocket-version', '13'],
    ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ]),
  secure: false,
};

/**
 * An endpoint on which every request has these sessions; `valid` are those whose records exist, `known` those that need no
 * read.
 */
function endpointWith(
  verified: readonly string[],
  valid: readonly string[],
  known: readonly string[] = [],
): SocketEndpoint {
  const sessions = verified.map((jti) => ({ kind: 'session', session: { jti } }));
  const options = {
    config: { allowedOrigins: [] },
    hub: { size: 0 },
    authenticator: {
      verify: () => sessions.values(),
      verifyNow: () => sessions[0] ?? null,
      check: async ({ session }: { session: { jti: string } }) => valid.includes(session.jti),
    },
    sessions: { isKnownValid: ({ jti }: { jti: string }) => known.includes(jti) },
    backend: { outage: null },
    channelAccess: new ChannelAccess(['time'], { get: () => undefined }),
    maxSockets: 1,
    log: silentLogger(),
  };
  return new SocketEndpoint(options as unknown as SocketEndpointOptions);
}

describe('a handshake', () => {
  test('is counted as 101 when its socket is opened', async () => {
    const endpoint = endpointWith(['a'], ['a']);
    await endpoint.admit(head, () => true);
    expect([...endpoint.handshakes]).toEqual([['101', 1]]);
  });

  test('is not counted if its client has gone', async () => {
    const endpoint = endpointWith(['a'], ['a']);
    await endpoint.admit(head, () => false);
    expect([...endpoint.handshakes]).toEqual([]);
  });

  test('is counted by the status of its refusal', async () => {
    const endpoint = endpointWith(['a'], []);
    await expect(endpoint.admit(head, () => true)).rejects.toMatchObject({ status: 401 });
    expect([...endpoint.handshakes]).toEqual([['401', 1]]);
  });

  test('is decided in its own turn if the first session is known to be valid', () => {
    const endpoint = endpointWith(['a', 'b'], ['a', 'b'], ['a']);
    expect(endpoint.admitNow(head)).toMatchObject({ session: { jti: 'a' } });
    expect([...endpoint.handshakes]).toEqual([['101', 1]]);
  });

  test('is left to a read if the first session is not known to be valid', () => {
    const endpoint = endpointWith(['a', 'b'], ['a', 'b'], ['b']);
    expect(endpoint.admitNow(head)).toBeNull();
    expect(endpoint.admitNow({ ...head, query: 'ticket=a' })).toBeNull();
    expect([...endpoint.handshakes]).toEqual([]);
  });

  test('is refused in its own turn without a session, and counted', () => {
    const endpoint = endpointWith([], []);
    expect(endpoint.admitNow(head)).toMatchObject({ status: 401 });
    expect([...endpoint.handshakes]).toEqual([['401', 1]]);
  });

  test('opens the socket of the first valid session', async () => {
    const opened: Parameters<OpenSocket>[0][] = [];
    await endpointWith(['a', 'b', 'c'], ['b', 'c']).admit(head, (data) => opened.push(data) > 0);
    expect(opened.map(({ session }) => session.jti)).toEqual(['b']);
  });
});
