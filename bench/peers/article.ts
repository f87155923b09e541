import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { python } from '../../test/support/django.ts';
import { freePort } from '../../test/support/free-port.ts';
import { onFirstCores } from '../cores.ts';
import { type Peer, startParts, startProcess, stopProcess } from './peer.ts';
import { debianVersion } from './versions.ts';

const modules = join(import.meta.dirname, 'article');

export const article: Peer = {
  id: 'article',
  describe: () => {
    const [channels, redis] = ['python3-django-channels', 'python3-channels-redis'].map(debianVersion);
    const [celery, uvicorn] = ['python3-celery', 'python3-uvicorn'].map(debianVersion);
    return `the article's system: Channels ${channels}, channels-redis ${redis}, Celery ${celery}, uvicorn ${uvicorn}`;
  },
  access: "a signed-in session of Django's",
  feed: "Celery's beat and worker",
  start: (redisUrl) =>
    startParts(async (onStop) => {
      const port = await freePort();
      const directory = mkdtempSync(join(tmpdir(), 'clock-article-'));
      onStop(() => rmSync(directory, { recursive: true, force: true }));
      const { hostname, port: redisPort } = new URL(redisUrl);
      const env = {
        PATH: process.env['PATH'],
        HOME: directory,
        DIRECTORY: directory,
        REDIS_HOST: hostname,
        REDIS_PORT: redisPort,
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONUNBUFFERED: '1',
      };
      const run = async (command: readonly string[], ready: RegExp) => {
        const started = await startProcess(command, ready, { cwd: modules, env });
        onStop(() => stopProcess(started.child));
        return started;
      };
      const user = await run([python, 'clock_article.py'], /^[a-z0-9]{32}$/);
      const celery = [python, '-m', 'celery', '-A', 'clock_article'];
      const options = ['--port', String(port), '--backlog', '4096'];
      const uvicorn = [python, '-m', 'uvicorn', 'clock_article:application', ...options];
      const web = await run(onFirstCores(uvicorn), /Uvicorn running/);
      await run([...celery, 'worker', '--pool', 'prefork', '--loglevel', 'INFO'], /ready\./);
      return {
        target: { port, path: '/time/tic/', cookie: `sessionid=${user.match[0]}` },
        pids: [web.pid],
        // Thousands of sockets overload it, so that it would hardly accept one while it delivers to others.
        startSchedule: () => run([...celery, 'beat', '--pidfile='], /is starting/),
      };
    }),
};
