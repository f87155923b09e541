import { join } from 'node:path';
import { startProcess, stopProcess } from './peers/peer.ts';

export interface BenchServer {
  pid: number;
  port: number;
  stop(): Promise<void>;
}

/** Starts a server of this directory, a script that prints the port it listens on. */
export async function startServer(
  script: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  const command = [process.execPath, join(import.meta.dirname, script), ...args];
  const { child, pid, match } = await startProcess(command, /^listening (\d+)/, { env: { ...process.env, ...env } });
  return { pid, port: Number(match[1]), stop: () => stopProcess(child) };
}

/** Starts a baseline that relays these pub/sub channels. */
export function startBaseline(
  redisUrl: string,
  channels: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  return startServer('baseline-server.ts', [redisUrl, ...channels], env);
}
