import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Baseline {
  pid: number;
  port: number;
  stop(): Promise<void>;
}

/** Starts a baseline that relays these pub/sub channels. */
export async function startBaseline(redisUrl: string, channels: readonly string[]): Promise<Baseline> {
  const script = join(import.meta.dirname, 'baseline-server.ts');
  const child = spawn(process.execPath, [script, redisUrl, ...channels], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    pid: child.pid ?? 0,
    port: Number(/listening (\d+)/.exec(String(line))?.[1]),
    stop: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}
