/** Runs under the lock of `updateDist`: another holder of the lock may have updated `dist/` already. */
import { isStale, type DistScript } from './dist.ts';

const script = process.argv[2] as DistScript;
if (isStale(script)) await import(`../../scripts/${script}.ts`);
