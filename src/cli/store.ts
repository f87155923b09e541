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

const noticeAfterMs = 1_000;

/** An option of a single command: flags, description and default in Commander's notation. */
export type OwnOption = [flags: string, description: string, standard?: string];

/** Runs the commands that work on stored accounts. */
export class StoreCommands {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** Adds a command with options of its own, and those that select the store. */
  add(parent: Command, usage: string, description: string, ...options: OwnOption[]): Command {
    const command = parent.command(usage).description(description);
    for (const option of options) command.option(...option);
    return addOptions(command, storeTable);
  }

  /** Starts the store of a command, prints its address, runs `work` and stops the store. */
  async run(command: Command, work: (services: AuthServices) => Promise<void>): Promise<void> {
    const config = readOptions(storeTable, flagsOf(command, storeTable), this.#environment);
    warnOfUnknown(this.#environment);
    const log = silentLogger();
    const store = existingStore(config, this.#environment, log);
    await startAndSayIfSlow(store);
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

/** A busy Redis may answer late: a command waits longer than a role does. */
async function startAndSayIfSlow(store: Backend): Promise<void> {
  const notice = setTimeout(
    () => process.stderr.write(`clock: waiting for ${store.address} to answer\n`),
    noticeAfterMs,
  );
  try {
    await store.start();
  } finally {
    clearTimeout(notice);
  }
}

function cannotServe({ address }: Backend, outage: Outage, reason: string | null): UserError {
  return new UserError(`${address} cannot serve: ${outage}${reason === null ? '' : ` (${reason})`}`, 1);
}
