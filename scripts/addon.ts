import { fileURLToPath } from 'node:url';

/** The path of the addon of uWebSockets.js for this Node, platform and architecture. */
export function addonFile(): string {
  const { platform, arch, versions } = process;
  const name = `bin/uws_${platform}_${arch}_${versions.modules}.node`;
  return fileURLToPath(new URL(name, import.meta.resolve('uWebSockets.js')));
}
