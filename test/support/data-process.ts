import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { EmbeddedBackend } from '../../src/backend/embedded/embedded-backend.ts';
import { silentLogger } from '../../src/logger.ts';

/** The operations that the other process can run on its backend. */
const operations = {
  start: (backend: EmbeddedBackend) => backend.start(),
  create: ({ records }: EmbeddedBackend, id: string) => records.create('account', id, { id }),
  get: ({ records }: EmbeddedBackend, id: string) => records.get('account', id),
  raise: ({ records }: EmbeddedBackend, id: string, times: string) => raise(records, id, Number(times)),
  tell: ({ records }: EmbeddedBackend, message: string) => records.publish(message),
  getOrCreate: async (backend: EmbeddedBackend, name: string, value: string) =>
    backend.settings.getOrCreate(name, () => value),
  roster: async (backend: EmbeddedBackend) =>
    [...(await backend.readRoster())].map(([owner, rows]) => [owner, [...rows]]),
  tick: (backend: EmbeddedBackend, text: string) => tick(backend, text),
  stop: (backend: EmbeddedBackend) => backend.stop(),
};
type Operation = keyof typeof operations;

/** Another process with a backend on the same data directory. */
export class DataProcess {
  readonly #child: ChildProcess;

  constructor(dataDir: string, exclusive: boolean) {
    const execArgv = ['--disable-warning=ExperimentalWarning'];
    this.#child = fork(import.meta.filename, [dataDir, String(exclusive)], { execArgv });
  }

  /** Runs an operation. Resolves to its result, or rejects with an error of the same message. */
  async ask(operation: Operation, ...args: string[]): Promise<unknown> {
    this.#child.send([operation, ...args]);
    const [answer] = (await once(this.#child, 'message')) as [{ result?: unknown; error?: string }];
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.result ?? null;
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill('SIGKILL');
    await once(this.#child, 'exit');
  }
}

async function raise(records: EmbeddedBackend['records'], id: string, times: number): Promise<void> {
  for (let n = 0; n < times; n++) {
    await records.update<{ n: number }>('account', id, (value) => ({ n: value.n + 1 }));
  }
}

async function tick({ ticks, time }: EmbeddedBackend, text: string): Promise<string> {
  const at = Math.floor(time.now());
  return ticks.publish({ task: 'time', at, everyMs: 500, expiresAt: at + 1_000 }, text, 'UTC');
}

function serve([dataDir = '', exclusive]: string[]): void {
  const log = silentLogger();
  const backend = new EmbeddedBackend({ dataDir, channels: ['time'], log, exclusive: exclusive === 'true' });
  process.on('message', async ([operation, ...args]: [Operation, ...string[]]) => {
    try {
      const run = operations[operation] as (backend: EmbeddedBackend, ...args: string[]) => Promise<unknown>;
      process.send?.({ result: await run(backend, ...args) });
    } catch (error) {
      process.send?.({ error: error instanceof Error ? error.message : String(error) });
    }
  });
}

if (process.argv[1] === import.meta.filename) serve(process.argv.slice(2));
