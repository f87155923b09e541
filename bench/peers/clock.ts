import { join } from 'node:path';
import { Client } from '../../test/support/client.ts';
import { startClock } from '../../test/support/clock-process.ts';
import { onFirstCores } from '../cores.ts';
import { environmentOf, password } from '../environment.ts';
import { type Peer, startParts } from './peer.ts';
import { npmVersion } from './versions.ts';

const program = join(import.meta.dirname, '../../bin/clock');

export const clock: Peer = {
  id: 'clock',
  describe: () => `Clock, Node ${process.versions.node}, uWebSockets.js ${npmVersion('uWebSockets.js')}`,
  access: 'a signed-in session, checked',
  feed: 'its beat and worker',
  start: (redisUrl) =>
    startParts(async (onStop) => {
      const env = environmentOf(redisUrl);
      const web = await startClock(['web', '--host', '127.0.0.1', '--internal-port', '0'], {
        env,
        command: onFirstCores([program]),
      });
      onStop(() => {
        // SIGTERM would close its sockets one after the other first.
        web.kill('SIGKILL');
        return web.stop();
      });
      const worker = await startClock(['worker'], { env });
      onStop(() => worker.stop());
      const beat = await startClock(['beat', '--interval', '500'], { env });
      onStop(() => beat.stop());
      const client = new Client(web.url);
      await client.signIn('admin', password);
      return {
        target: { port: web.port, path: '/time/tic/', cookie: client.cookieHeader() },
        pids: [web.pid],
      };
    }),
};
