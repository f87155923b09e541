/** The directions of ARCHITECTURE.md: an arrow that is not allowed here fails the build. */

/** Folders that never look at one another, and files that only the composition root may know. */
const forbid = (name, from, to, comment) => ({ name, comment, severity: 'error', from, to });

/** A third-party package and its one home. */
const onlyIn = (dependency, home) =>
  forbid(
    `${dependency.replaceAll(/\W+/g, '-')}-has-one-home`,
    { pathNot: home },
    { path: `node_modules/${dependency}/` },
    `${dependency} is touched in ${home} alone`,
  );

const roots = '^src/(cli|main|roles|backends|checks)\\.ts$|^src/cli/';
const ground =
  '^src/(addresses|background|executable|folders|lifecycle|logger|metrics|protocol|config|secrets|build-info)\\.ts$|^src/time/';

export default {
  forbidden: [
    forbid('no-circle', {}, { circular: true }, 'nothing leads back to where it came from'),
    forbid(
      'no-orphan',
      { orphan: true, pathNot: '\\.d\\.ts$|client/(tsconfig|sw)' },
      {},
      'a file that nobody imports is dead',
    ),
    forbid(
      'ground-knows-only-ground',
      { path: ground },
      { path: '^src/', pathNot: ground },
      'the ground stands on itself',
    ),
    forbid('time-is-pure', { path: '^src/time/' }, { path: '^src/', pathNot: '^src/time/' }, 'time knows nothing else'),
    forbid(
      'tasks-are-data',
      { path: '^src/tasks/' },
      { path: '^src/', pathNot: '^src/(tasks/|time/zone\\.ts)' },
      'what is broadcast does not know how it travels',
    ),
    forbid(
      'roles-meet-in-the-backend',
      { path: '^src/(beat|worker|web)/' },
      { path: '^src/(beat|worker|web|tasks)/', pathNot: ['^src/$1/', '^src/tasks/task\\.ts$'] },
      'beat, worker and web never know each other, and web knows channels as strings',
    ),
    forbid(
      'backends-know-no-role',
      { path: '^src/backend/' },
      { path: '^src/(auth|beat|worker|web|commands|client|tasks)/' },
      'a backend stores and carries; it decides nothing about people',
    ),
    forbid(
      'only-the-root-knows-implementations',
      { path: '^src/', pathNot: `${roots}|^src/backend/` },
      { path: '^src/backend/(redis|embedded)/' },
      'everything but the composition root is handed interfaces',
    ),
    forbid(
      'auth-knows-no-door',
      { path: '^src/auth/' },
      { path: '^src/(web|beat|worker|commands|client|tasks)/' },
      'who may come in is not a matter of how they come',
    ),
    forbid(
      'client-stands-alone',
      { path: '^src/client/' },
      { path: '^src/', pathNot: '^src/(client/|protocol\\.ts|time/)' },
      'the browser gets nothing of the server',
    ),
    forbid(
      'nobody-imports-the-client',
      { path: '^src/', pathNot: '^src/(client|commands)/' },
      { path: '^src/client/' },
      'only a terminal runs the page’s code in Node',
    ),
    forbid('nobody-imports-the-root', { path: '^src/', pathNot: roots }, { path: roots }, 'no arrow runs back up'),
    onlyIn('ioredis', '^src/backend/redis/'),
    onlyIn('rate-limiter-flexible', '^src/backend/'),
    onlyIn('uWebSockets\\.js', '^src/web/uws\\.ts$'),
    onlyIn('jose', '^src/auth/jwt\\.ts$'),
    onlyIn('lru-cache', '^src/auth/session-cache\\.ts$'),
    onlyIn('p-limit', '^src/auth/passwords\\.ts$'),
    onlyIn('ipaddr\\.js', '^src/addresses\\.ts$'),
    onlyIn('cookie', '^src/web/cookies\\.ts$'),
    onlyIn('commander', '^src/cli(/|\\.ts$)'),
    onlyIn('pino', '^src/logger\\.ts$'),
    onlyIn('prom-client', '^src/metrics\\.ts$'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
