import { join } from 'node:path';
import { startProcess, stopProcess } from './peers/peer.ts';

export interface Baseline {
  pid: number;
  port: number;
  stop(): Promise<void>;
}

/** Starts a baseline that relays these pub/sub channels. */
export async function startBaseline(
  redisUrl: string,
  channels: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Baseline> {
  const command = [process.execPath, join(import.meta.dirname, 'baseline-server.ts'), redisUrl, ...channels];
  const { child, pid, match } = await startProcess(command, /^listening (\d+)/, { env: { ...process.env, ...env } });
  return { pid, port: Number(match[1]), stop: () => stopProcess(child) };
}
