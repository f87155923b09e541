/** The layers of ARCHITECTURE.md: an import that they do not allow fails `npm run layers`. */

/** A kind of import that is not allowed. */
const forbid = (name, from, to, comment) => ({ name, comment, severity: 'error', from, to });

/** A third-party package that only its home may import. */
const onlyIn = (dependency, home) =>
  forbid(
    `${dependency.replaceAll(/\W+/g, '-')}-has-one-home`,
    { pathNot: home },
    { path: `node_modules/${dependency}/` },
    `only ${home} imports ${dependency}`,
  );

const roots = '^src/(cli|main|roles|role-part|web-part|backends|checks)\\.ts$|^src/cli/';
const baseLayer =
  '^src/(addresses|executable|background|directories|lifecycle|listening|logger|metrics|metrics-total|operator-api|protocol|config|option-parsers|secrets|shutdown|build-info)\\.ts$|^src/time/';

export default {
  forbidden: [
    forbid('no-cycle', {}, { circular: true }, 'imports form no cycle'),
    forbid(
      'no-orphan',
      { orphan: true, pathNot: '\\.d\\.ts$|client/(tsconfig|sw)' },
      {},
      'a file that no other file imports is dead code',
    ),
    forbid(
      'base-layer-imports-only-base-layer',
      { path: baseLayer },
      { path: '^src/', pathNot: baseLayer },
      'the base layer depends on nothing above it',
    ),
    forbid(
      'time-is-independent',
      { path: '^src/time/' },
      { path: '^src/', pathNot: '^src/time/' },
      'time/ depends on nothing outside its directory',
    ),
    forbid(
      'alerts-import-no-role',
      { path: '^src/alerts/' },
      { path: '^src/(web|beat|worker|commands|client|tasks)/' },
      'who leads and who receives is up to the composition root',
    ),
    forbid(
      'authority-imports-only-the-base-layer',
      { path: '^src/authority/' },
      { path: '^src/', pathNot: `^src/authority/|${baseLayer}` },
      'whether house time is true does not depend on who uses it',
    ),
    forbid(
      'tasks-are-independent',
      { path: '^src/tasks/' },
      { path: '^src/', pathNot: '^src/(tasks/|time/zone\\.ts)' },
      'a task computes a text and does not know how it is delivered',
    ),
    forbid(
      'roles-meet-in-the-backend',
      { path: '^src/(beat|worker|web)/' },
      { path: '^src/(beat|worker|web|tasks)/', pathNot: ['^src/$1/', '^src/tasks/task\\.ts$'] },
      'beat, worker and web do not import each other, and to web a channel is a string',
    ),
    forbid(
      'backend-imports-no-role',
      { path: '^src/backend/' },
      { path: '^src/(auth|beat|worker|web|commands|client|tasks)/' },
      'a backend stores and delivers; it makes no decision about people',
    ),
    forbid(
      'only-the-root-imports-backend-implementations',
      { path: '^src/', pathNot: `${roots}|^src/backend/` },
      { path: '^src/backend/(redis|embedded)/' },
      'the composition root alone creates backends; all else gets interfaces',
    ),
    forbid(
      'auth-imports-no-role',
      { path: '^src/auth/' },
      { path: '^src/(web|beat|worker|commands|client|tasks)/' },
      'who may sign in does not depend on the protocol',
    ),
    forbid(
      'channels-import-no-role',
      { path: '^src/channels/' },
      { path: '^src/(web|beat|worker|commands|client|tasks|screens)/' },
      'web and commands use the same rules about channels',
    ),
    forbid(
      'screens-import-no-role',
      { path: '^src/screens/' },
      { path: '^src/(web|beat|worker|commands|client|tasks)/' },
      'web and commands use the same rules about screens',
    ),
    forbid(
      'client-imports-no-server-code',
      { path: '^src/client/' },
      { path: '^src/', pathNot: '^src/(client/|background\\.ts|operator-api\\.ts|protocol\\.ts|time/)' },
      'the page shares its interfaces and time/ with the server, and nothing else',
    ),
    forbid(
      'only-commands-import-the-client',
      { path: '^src/', pathNot: '^src/(client|commands)/' },
      { path: '^src/client/' },
      'in Node only `clock watch` runs the code of the page',
    ),
    forbid(
      'nothing-imports-the-root',
      { path: '^src/', pathNot: roots },
      { path: roots },
      'the composition root is the top layer',
    ),
    onlyIn('ioredis', '^src/backend/redis/'),
    onlyIn('rate-limiter-flexible', '^src/backend/'),
    onlyIn('uWebSockets\\.js', '^src/web/uws\\.ts$'),
    onlyIn('ipaddr\\.js', '^src/addresses\\.ts$'),
    onlyIn('jose', '^src/auth/((jwt|hs256)\\.ts$|sso/)'),
    onlyIn('lru-cache', '^src/auth/session-cache\\.ts$'),
    onlyIn('p-limit', '^src/auth/passwords\\.ts$'),
    onlyIn('uqr', '^src/web/qr-code\\.ts$'),
    onlyIn('cookie', '^src/web/cookies\\.ts$'),
    onlyIn('commander', '^src/cli(/|\\.ts$)'),
    onlyIn('pino', '^src/logger\\.ts$'),
    onlyIn('prom-client', '^src/metrics(-total)?\\.ts$'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
  },
};
