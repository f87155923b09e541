import type { Command } from 'commander';
import { createAuthServices, type AuthServices } from '../auth/auth-services.ts';
import { commandSecrets, type Secrets } from '../auth/secrets.ts';
import { Unavailable, type Backend, type Outage } from '../backend/backend.ts';
import { dataDirectory, existingBackend } from '../backends.ts';
import { startWithNotice } from '../commands/start-with-notice.ts';
import { readOptions, type Environment } from '../config.ts';
import { UserError, stopAll } from '../lifecycle.ts';
import { silentLogger } from '../logger.ts';
import { addOptions, flagsOf, warnOfUnknown } from './options.ts';
import { backendTable } from './tables.ts';

/** An option of a single command: flags, description and default in Commander's notation. */
export type OwnOption = [flags: string, description: string, defaultText?: string];

/** What a command works with. */
export interface CommandServices extends AuthServices {
  backend: Backend;
  secrets: Secrets;
}

/** Adds and runs the commands that read or change stored data. */
export class BackendCommands {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Adds a command with its own options and those that select the backend. */
  add(parent: Command, usage: string, description: string, ...options: OwnOption[]): Command {
    const command = parent.command(usage).description(description);
    for (const option of options) command.option(...option);
    return addOptions(command, backendTable);
  }

  /** Starts the backend of a command, prints its address, runs `work` and stops the backend. */
  async run(command: Command, work: (services: CommandServices) => Promise<void>): Promise<void> {
    const config = readOptions(backendTable, flagsOf(command, backendTable), this.#environment);
    warnOfUnknown(this.#environment);
    const log = silentLogger();
    const backend = await existingBackend(config, this.#environment, log);
    await startWithNotice(backend);
    try {
      process.stderr.write(`clock: ${backend.address}\n`);
      if (backend.outage !== null) throw cannotServe(backend, backend.outage, backend.outageReason);
      const directory = (): string => dataDirectory(config, this.#environment);
      const secrets = commandSecrets(config.secrets, backend, directory);
      await work({ ...createAuthServices(backend, secrets), backend, secrets });
    } catch (error) {
      if (error instanceof Unavailable) throw cannotServe(backend, error.outage, error.reason);
      throw error;
    } finally {
      await stopAll([backend], log);
    }
  }
}

function cannotServe({ address }: Backend, outage: Outage, reason: string | null): UserError {
  return new UserError(`${address} cannot serve: ${outage}${reason === null ? '' : ` (${reason})`}`, 1);
}
