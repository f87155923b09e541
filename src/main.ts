import { fileURLToPath } from 'node:url';
import { runCli } from './cli.ts';

const assetsDirectory = fileURLToPath(new URL('./static', import.meta.url));

for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    // The reader may close the pipe, as `head` does; the command still finishes. Any other error is unexpected, unless
    // another listener handles it.
    if (error.code !== 'EPIPE' && output.listenerCount('error') === 1) throw error;
  });
}

runCli(process.argv.slice(2), process.env, assetsDirectory).then(
  // Exits explicitly, because a connection that is still closing must not keep a stopped role alive.
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    process.stderr.write(`clock: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
