import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The addon of uWebSockets.js for this Node on this machine. */
export function addonFile(): string {
  const { platform, arch, versions } = process;
  const main = createRequire(import.meta.url).resolve('uWebSockets.js');
  return join(dirname(main), 'bin', `uws_${platform}_${arch}_${versions.modules}.node`);
}
