import { fileURLToPath } from 'node:url';

/** The path of the addon of uWebSockets.js for this Node and platform. */
export function addonFile(arch: string = process.arch): string {
  const { platform, versions } = process;
  const name = `bin/uws_${platform}_${arch}_${versions.modules}.node`;
  return fileURLToPath(new URL(name, import.meta.resolve('uWebSockets.js')));
}
