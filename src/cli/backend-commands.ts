import type { Command } from 'commander';
import { createAuthServices, type AuthServices } from '../auth/auth-services.ts';
import { commandSecrets } from '../auth/secrets.ts';
import { Unavailable, type Backend, type Outage } from '../backend/backend.ts';
import { dataDirectory, existingBackend } from '../backends.ts';
import { readOptions, type Environment } from '../config.ts';
import { UserError, stopAll } from '../lifecycle.ts';
import { silentLogger } from '../logger.ts';
import { addOptions, flagsOf, warnOfUnknown } from './options.ts';
import { backendTable } from './tables.ts';

const noticeAfterMs = 1_000;

/** An option of a single command: flags, description and default in Commander's notation. */
export type OwnOption = [flags: string, description: string, defaultText?: string];

/** Adds and runs the commands that read or change stored accounts. */
export class BackendCommands {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Adds a command with options of its own, and those that select the backend. */
  add(parent: Command, usage: string, description: string, ...options: OwnOption[]): Command {
    const command = parent.command(usage).description(description);
    for (const option of options) command.option(...option);
    return addOptions(command, backendTable);
  }

  /** Starts the backend of a command, prints its address, runs `work` and stops the backend. */
  async run(command: Command, work: (services: AuthServices) => Promise<void>): Promise<void> {
    const config = readOptions(backendTable, flagsOf(command, backendTable), this.#environment);
    warnOfUnknown(this.#environment);
    const log = silentLogger();
    const backend = existingBackend(config, this.#environment, log);
    await startWithNotice(backend);
    try {
      process.stderr.write(`clock: ${backend.address}\n`);
      if (backend.outage !== null) throw cannotServe(backend, backend.outage, backend.outageReason);
      const directory = (): string => dataDirectory(config, this.#environment);
      await work(createAuthServices(backend, commandSecrets(config.secrets, backend, directory)));
    } catch (error) {
      if (error instanceof Unavailable) throw cannotServe(backend, error.outage, error.reason);
      throw error;
    } finally {
      await stopAll([backend], log);
    }
  }
}

/** Starts the backend. Prints a notice after 1 s, because a command waits longer for a busy Redis than a role does. */
async function startWithNotice(backend: Backend): Promise<void> {
  const notice = setTimeout(
    () => process.stderr.write(`clock: waiting for ${backend.address} to answer\n`),
    noticeAfterMs,
  );
  try {
    await backend.start();
  } finally {
    clearTimeout(notice);
  }
}

function cannotServe({ address }: Backend, outage: Outage, reason: string | null): UserError {
  return new UserError(`${address} cannot serve: ${outage}${reason === null ? '' : ` (${reason})`}`, 1);
}
