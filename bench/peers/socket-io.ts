import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onFirstCores } from '../cores.ts';
import { type Peer, startParts, startProcess, stopProcess } from './peer.ts';
import { npmVersion } from './versions.ts';

const directory = join(import.meta.dirname, 'socket.io');

export const socketIo: Peer = {
  id: 'socket.io',
  describe: () => {
    install();
    const adapter = npmVersion('@socket.io/redis-adapter', directory);
    return `socket.io ${npmVersion('socket.io', directory)}, Redis adapter ${adapter}`;
  },
  access: 'anyone',
  feed: 'its Redis emitter',
  start: (redisUrl) =>
    startParts(async (onStop) => {
      const server = await startProcess(
        onFirstCores([process.execPath, join(directory, 'server.js'), redisUrl]),
        /^listening (\d+)/,
      );
      onStop(() => stopProcess(server.child));
      const publisher = await startProcess([process.execPath, join(directory, 'publisher.js'), redisUrl], /^ready/);
      onStop(() => stopProcess(publisher.child));
      return {
        // Engine.IO answers with its handshake; 40 joins the default namespace, and 2 is a ping.
        target: {
          port: Number(server.match[1]),
          path: '/socket.io/?EIO=4&transport=websocket',
          greeting: '40',
          answers: { 2: '3' },
        },
        pids: [server.pid],
        publish: async (text) => publisher.child.stdin?.write(`${text}\n`),
      };
    }),
};

function install(): void {
  if (existsSync(join(directory, 'node_modules/socket.io'))) return;
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: directory, stdio: 'pipe', timeout: 120_000 });
  } catch {
    throw new Error('npm could not install its packages');
  }
}
