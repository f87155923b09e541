import { Command, CommanderError } from 'commander';
import { build, buildInfo } from './build-info.ts';
import { checksFor } from './checks.ts';
import { addOptions, flagsOf, unknownIn, warnOfUnknown } from './cli/options.ts';
import { StoreCommands } from './cli/store.ts';
import { allTable, beatTable, probeTable, webTable, workerTable } from './cli/tables.ts';
import { addToken } from './cli/token.ts';
import { addUser } from './cli/user.ts';
import { runChecks, type Check } from './commands/check.ts';
import { isHealthy } from './commands/healthcheck.ts';
import { watchOptions } from './commands/options.ts';
import { makeSecrets } from './commands/secret.ts';
import { watch } from './commands/watch.ts';
import { readOptions, withoutServiceLinks, type commonOptions, type Environment, type ValuesOf } from './config.ts';
import { UserError, run, stopAll } from './lifecycle.ts';
import { createLogger, silentLogger } from './logger.ts';
import { Shutdown, stopOnSignals } from './shutdown.ts';
import { allRole, beatRole, webRole, workerRole, type Role, type RoleContext } from './roles.ts';
import type { webOptions } from './web/options.ts';

/**
 * Runs what the command line says; resolves to the exit code: 0, 1 when it did not come out well, 2 when it could not
 * be meant so. `assetsFolder`: where the static files are.
 */
export async function runCli(argv: readonly string[], given: Environment, assetsFolder: string): Promise<number> {
  const environment = withoutServiceLinks(given);
  try {
    const cli = new Cli(environment, assetsFolder);
    await cli.program.parseAsync(argv, { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`clock: ${error.message}\n`);
    return error.exitCode;
  }
}

class Cli {
  readonly program: Command;
  exitCode = 0;
  readonly #environment: Environment;
  readonly #assetsFolder: string;

  constructor(environment: Environment, assetsFolder: string) {
    this.#environment = environment;
    this.#assetsFolder = assetsFolder;
    const { version, commit, date } = buildInfo;
    this.program = new Command('clock')
      .description('The right time, live, on every screen that its owner lets in.')
      .version(
        `clock ${version} (commit ${commit}, built ${date})`,
        '--version',
        'print version, commit and build date',
      )
      .helpCommand(false)
      .configureOutput({ writeErr: (text) => process.stderr.write(text), outputError: printUsageError })
      .exitOverride();
    this.#addRoles();
    const stores = new StoreCommands(environment);
    addUser(this.program, stores);
    addToken(this.program, stores);
    this.#addWatch();
    this.#addOthers();
  }

  #addRoles(): void {
    this.#addRole('web', 'serve pages, API and sockets; relay ticks from Redis', webTable, webRole);
    this.#addRole('worker', 'run the tasks that are due', workerTable, workerRole);
    this.#addRole('beat', 'enqueue tasks at their instants; any number may run, one leads', beatTable, beatRole);
    this.#addRole('all', 'the three in one process, for local work; needs no Redis', allTable, allRole);
  }

  #addRole<Table extends typeof workerTable | typeof beatTable | typeof webTable | typeof allTable>(
    name: string,
    description: string,
    table: Table,
    compose: (config: ValuesOf<Table>, context: RoleContext) => Promise<Role>,
  ): void {
    const command = this.program.command(name).description(description);
    addOptions(command, table).action(async () => {
      const config = readOptions(table, flagsOf(command, table), this.#environment);
      const { logLevel, environment, graceMs } = config as ValuesOf<typeof commonOptions>;
      const log = createLogger(name, { level: logLevel, environment });
      for (const variable of unknownIn(this.#environment)) {
        log.warn({ variable }, 'unknown variable: no option is called so');
      }
      const shutdown = new Shutdown(log);
      const context = {
        stopping: shutdown.signal,
        environment: this.#environment,
        assetsFolder: this.#assetsFolder,
        log,
      };
      const { services, onStarted } = await compose(config, context);
      const { drainMs, drainDelayMs = 0 } = config as Partial<ValuesOf<typeof webOptions>>;
      this.exitCode = await run(services, {
        shutdown,
        onStarted,
        log,
        graceMs: drainDelayMs + (graceMs ?? Math.max(10_000, (drainMs ?? 0) + 2_000)),
      });
    });
  }

  #addOthers(): void {
    const secret = this.program
      .command('secret')
      .description('make a secret and an admin password')
      .option('--write <folder>', 'write the files secret and admin-password there')
      .action(() => makeSecrets(secret.opts<{ write?: string }>().write));

    const check = this.program
      .command('check')
      .description('look at configuration, data, clocks, secret and ports: a line each, exit 1 if any is wrong');
    addOptions(check, allTable).action(async () => {
      this.exitCode = (await this.#check(flagsOf(check, allTable))) ? 0 : 1;
    });

    const healthcheck = this.program
      .command('healthcheck')
      .description('exit 0 when the role on this host is healthy, else 1')
      .option('--ready', 'ask whether it is ready, too');
    addOptions(healthcheck, probeTable).action(async () => {
      const config = readOptions(probeTable, flagsOf(healthcheck, probeTable), this.#environment);
      const path = healthcheck.opts<{ ready?: boolean }>().ready ? '/ready' : '/health';
      const secure = config.internalPort === undefined && config.tlsCert !== undefined;
      this.exitCode = (await isHealthy(config.internalPort ?? config.port, path, secure)) ? 0 : 1;
    });
  }

  #addWatch(): void {
    const command = this.program
      .command('watch <url>')
      .description('show the time in this terminal, live, with its error bound')
      .option('--once', 'show the first second that is right, and end')
      .option('--json', 'an object a line');
    addOptions(command, watchOptions).action(async (url: string) => {
      const { token } = readOptions(watchOptions, {}, this.#environment);
      warnOfUnknown(this.#environment);
      if (token === undefined) throw new UserError('CLOCK_TOKEN: missing: set it, or CLOCK_TOKEN_FILE');
      const { once = false, json = false } = command.opts<{ once?: boolean; json?: boolean }>();
      const output = process.stdout;
      const hasColor = output.isTTY && !this.#environment['NO_COLOR'];
      const stopping = stopOnSignals(silentLogger());
      await watch({ url, token: token.trim(), build, once, asJson: json, output, hasColor, stopping });
    });
  }

  async #check(flags: Record<string, unknown>): Promise<boolean> {
    const read = (): ValuesOf<typeof allTable> => readOptions(allTable, flags, this.#environment);
    const configuration: Check = {
      name: 'configuration',
      run: async () => {
        read();
        const unknown = unknownIn(this.#environment);
        if (unknown.length > 0) throw new Error(`no option is called ${unknown.join(', ')}`);
        return 'every value is allowed';
      },
    };
    const configurationIsGood = await runChecks([configuration]);
    let config: ValuesOf<typeof allTable>;
    try {
      config = read();
    } catch (error) {
      // It was printed above, and the rest depends on it.
      if (error instanceof UserError) return false;
      throw error;
    }
    const { checks, store } = checksFor(config, this.#environment);
    try {
      return (await runChecks(checks)) && configurationIsGood;
    } finally {
      await stopAll([store], silentLogger());
    }
  }
}

function printUsageError(text: string, write: (text: string) => void): void {
  write(
    `clock: ${text
      .trim()
      .replace(/^error: /, '')
      .replaceAll('\n', ' ')}\n`,
  );
}
