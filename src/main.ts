import { fileURLToPath } from 'node:url';
import { runCli } from './cli.ts';

const assetsFolder = fileURLToPath(new URL('./static', import.meta.url));

for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    // Who read it may go, as `head` does: what was to be done is done all the same. All else is a fault, but for those
    // who listen for it themselves.
    if (error.code !== 'EPIPE' && output.listenerCount('error') === 1) throw error;
  });
}

runCli(process.argv.slice(2), process.env, assetsFolder).then(
  // Explicitly: a connection that is still closing must not keep a stopped role alive.
  (exitCode) => process.exit(exitCode),
  (error: unknown) => {
    process.stderr.write(`clock: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
