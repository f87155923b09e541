import { BadKeySet, describeKeySet, parseKeySet } from '../auth/sso/key-set.ts';
import { keySource } from '../auth/sso/key-source.ts';
import type { Check, Finding } from './check.ts';

/** Loads the keys of the other application. */
export function keySetCheck(name: string, location: string): Check {
  return async () => [await loadKeySet(name, location)];
}

async function loadKeySet(name: string, location: string): Promise<Finding> {
  try {
    const set = parseKeySet(await keySource(location).load(new AbortController().signal));
    const level = set.keys.length === 0 ? 'WRONG' : 'ok';
    return { name, level, text: `${location}: ${describeKeySet(set)}` };
  } catch (error) {
    if (!(error instanceof BadKeySet)) throw error;
    return { name, level: 'WRONG', text: `${location}: ${error.message}` };
  }
}
