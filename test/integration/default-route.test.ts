import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const addresses = join(import.meta.dirname, '../../src/addresses.ts');
const program = `import(${JSON.stringify(addresses)}).then(async (module) => console.log(await module.defaultRouteAddress()))`;

test('a host without a network has no address towards other networks', async () => {
  const privileges = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', '--eval', program];
  const { stdout } = await promisify(execFile)('unshare', [...privileges, '--net', ...node]);
  expect(stdout).toBe('null\n');
});
