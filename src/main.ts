import { fileURLToPath } from 'node:url';
import { runCli } from './cli.ts';

const assetsFolder = fileURLToPath(new URL('./static', import.meta.url));

runCli(process.argv.slice(2), process.env, assetsFolder).then(
  // Explicitly: a connection that is still closing must not keep a stopped role alive.
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    process.stderr.write(`clock: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
