import { join } from 'node:path';
import { Redis } from 'ioredis';
import { onFirstCores } from '../cores.ts';
import { type Peer, type RunningPeer, startProcess, stopProcess } from './peer.ts';
import { npmVersion } from './versions.ts';

const channel = 'time';

/** The baseline of the comparison. */
export const bare: Peer = {
  id: 'bare',
  describe: () => `bare uWebSockets.js ${npmVersion('uWebSockets.js')}, ioredis ${npmVersion('ioredis')}`,
  access: 'anyone; one lookup in Redis per handshake',
  feed: 'Redis pub/sub',
  start: (redisUrl) => startRelay('baseline-server.ts', redisUrl),
};

export const ws: Peer = {
  id: 'ws',
  describe: () => `ws ${npmVersion('ws')}, ioredis ${npmVersion('ioredis')}`,
  access: 'anyone',
  feed: 'Redis pub/sub',
  start: (redisUrl) => startRelay('peers/ws-server.ts', redisUrl),
};

/** Starts a server of this project that relays one pub/sub channel. */
async function startRelay(script: string, redisUrl: string): Promise<RunningPeer> {
  const command = onFirstCores([process.execPath, join(import.meta.dirname, '..', script), redisUrl, channel]);
  const { child, pid, match } = await startProcess(command, /^listening (\d+)/);
  const redis = new Redis(redisUrl);
  return {
    target: { port: Number(match[1]), path: '/time/tic/', cookie: 'sessionid=0123456789abcdef' },
    pids: [pid],
    publish: (text) => redis.publish(channel, text),
    stop: () => Promise.all([stopProcess(child), redis.quit()]),
  };
}
