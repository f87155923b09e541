import type { Command } from 'commander';
import { createAuthServices, type AuthServices } from '../auth/auth-services.ts';
import { commandSecrets } from '../auth/secrets.ts';
import { Unavailable, type Backend, type Outage } from '../backend/backend.ts';
import { dataFolder, existingStore } from '../backends.ts';
import { readOptions, type Environment } from '../config.ts';
import { UserError, stopAll } from '../lifecycle.ts';
import { silentLogger } from '../logger.ts';
import { addOptions, flagsOf, warnOfUnknown } from './options.ts';
import { storeTable } from './tables.ts';

/** Runs the commands that work on stored accounts. */
export class StoreCommands {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Adds a command with the options that select the store. */
  add(parent: Command, usage: string, description: string): Command {
    return addOptions(parent.command(usage).description(description), storeTable);
  }

  /** Starts the store of a command, prints its address, runs `work` and stops the store. */
  async run(command: Command, work: (services: AuthServices) => Promise<void>): Promise<void> {
    const config = readOptions(storeTable, flagsOf(command, storeTable), this.#environment);
    warnOfUnknown(this.#environment);
    const log = silentLogger();
    const store = existingStore(config, this.#environment, log);
    await store.start();
    try {
      process.stderr.write(`clock: ${store.address}\n`);
      if (store.outage !== null) throw cannotServe(store, store.outage, store.outageReason);
      const folder = (): string => dataFolder(config, this.#environment);
      await work(createAuthServices(store, commandSecrets(config.secrets, store, folder)));
    } catch (error) {
      if (error instanceof Unavailable) throw cannotServe(store, error.outage, error.reason);
      throw error;
    } finally {
      await stopAll([store], log);
    }
  }
}

function cannotServe({ address }: Backend, outage: Outage, reason: string | null): UserError {
  return new UserError(`${address} cannot serve: ${outage}${reason === null ? '' : ` (${reason})`}`, 1);
}
