import { Command, CommanderError, Option } from 'commander';
import { dataOptions, redisOptions } from './backend/options.ts';
import { Unavailable } from './backend/backend.ts';
import { dataFolder, existingStore, type DataConfig, type RedisConfig } from './backends.ts';
import { beatOptions } from './beat/options.ts';
import { build, buildInfo } from './build-info.ts';
import { checksFor } from './checks.ts';
import { runChecks, type Check } from './commands/check.ts';
import { isHealthy } from './commands/healthcheck.ts';
import { makeSecrets } from './commands/secret.ts';
import { watchOptions } from './commands/options.ts';
import { TokenCommands } from './commands/token.ts';
import { UserCommands } from './commands/user.ts';
import { watch } from './commands/watch.ts';
import {
  commonOptions,
  durationBetween,
  BadValue,
  readOptions,
  unknownVariables,
  withoutServiceLinks,
  type Environment,
  type OptionTable,
  type ValuesOf,
} from './config.ts';
import { Failure, run, stopAll, stopOnSignals } from './lifecycle.ts';
import { createLogger, silentLogger } from './logger.ts';
import {
  allRole,
  beatRole,
  commandSecrets,
  people,
  webRole,
  workerRole,
  type People,
  type Role,
  type Surroundings,
} from './roles.ts';
import { webOptions } from './web/options.ts';
import { workerOptions } from './worker/options.ts';

const everyTable = [
  commonOptions,
  redisOptions,
  dataOptions,
  webOptions,
  workerOptions,
  beatOptions,
  watchOptions,
] as const;

const webTable = { ...commonOptions, ...redisOptions, ...webOptions } as const;
const workerTable = { ...commonOptions, ...redisOptions, ...workerOptions } as const;
const beatTable = { ...commonOptions, ...redisOptions, ...beatOptions } as const;
const allTable = { ...webTable, ...workerTable, ...beatTable, ...dataOptions } as const;
const storeTable = { ...redisOptions, ...dataOptions, secrets: webOptions.secrets } as const;
const probeTable = {
  port: webOptions.port,
  internalPort: commonOptions.internalPort,
  tlsCert: webOptions.tlsCert,
} as const;

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
    if (!(error instanceof Failure)) throw error;
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
    this.#addUser();
    this.#addToken();
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
    compose: (config: ValuesOf<Table>, around: Surroundings) => Promise<Role>,
  ): void {
    const command = this.program.command(name).description(description);
    addOptions(command, table).action(async () => {
      const config = readOptions(table, flagsOf(command, table), this.#environment);
      const { logLevel, environment, graceMs } = config as ValuesOf<typeof commonOptions>;
      const log = createLogger(name, { level: logLevel, environment });
      for (const variable of unknownVariables(this.#environment, everyTable)) {
        log.warn({ variable }, 'unknown variable: no option is called so');
      }
      const stopping = stopOnSignals(log);
      const around = { stopping, environment: this.#environment, assetsFolder: this.#assetsFolder, log };
      const { services, onStarted } = await compose(config, around);
      const { drainMs, drainDelayMs = 0 } = config as Partial<ValuesOf<typeof webOptions>>;
      this.exitCode = await run(services, {
        stopping,
        onStarted,
        log,
        graceMs: drainDelayMs + (graceMs ?? Math.max(10_000, (drainMs ?? 0) + 2_000)),
      });
    });
  }

  #addUser(): void {
    const user = this.program.command('user').description('the accounts');
    const add = this.#storeCommand(user, 'add <name>', 'make an account')
      .option('--operator', 'make it an operator')
      .option('--password-stdin', 'read the password from standard input')
      .action((name: string) => this.#withUsers(add, (users) => users.add(name, add.opts())));
    const list = this.#storeCommand(user, 'list', 'show the accounts')
      .option('--json', 'as JSON')
      .action(() => this.#withUsers(list, (users) => users.list(list.opts())));
    const passwd = this.#storeCommand(user, 'passwd <name>', 'set another password; ends sessions and tokens')
      .option('--password-stdin', 'read the password from standard input')
      .action((name: string) => this.#withUsers(passwd, (users) => users.passwd(name, passwd.opts())));
    const disable = this.#storeCommand(user, 'disable <name>', 'let nobody in; ends sessions and tokens').action(
      (name: string) => this.#withUsers(disable, (users) => users.disable(name)),
    );
    const enable = this.#storeCommand(user, 'enable <name>', 'let them in again').action((name: string) =>
      this.#withUsers(enable, (users) => users.enable(name)),
    );
    const remove = this.#storeCommand(user, 'remove <name>', 'remove the account; ends sessions and tokens').action(
      (name: string) => this.#withUsers(remove, (users) => users.remove(name)),
    );
    const operator = this.#storeCommand(user, 'operator <name>', 'make an account an operator')
      .option('--off', 'make it a plain account again')
      .action((name: string) => this.#withUsers(operator, (users) => users.operator(name, operator.opts())));
  }

  #addToken(): void {
    const token = this.program.command('token').description('bearer tokens for scripts and terminals');
    const issue = this.#storeCommand(token, 'issue <account>', 'make a token; it is printed once')
      .option('--name <label>', 'what to call it (default: its id)')
      .option('--expires <duration>', 'how long it lasts, at most 365d', '90d')
      .action(async (account: string) => {
        const { name, expires } = issue.opts<{ name?: string; expires: string }>();
        const lifetimeMs = parseLifetime(expires);
        checkLabel(name);
        await this.#withStore(issue, ({ accounts, tokens }) =>
          new TokenCommands(accounts, tokens).issue(account, lifetimeMs, name),
        );
      });
    const list = this.#storeCommand(token, 'list', 'show the live tokens')
      .option('--json', 'as JSON')
      .action(() =>
        this.#withStore(list, ({ accounts, tokens }) => new TokenCommands(accounts, tokens).list(list.opts())),
      );
    const revoke = this.#storeCommand(token, 'revoke <id-or-label>', 'end a token').action((idOrLabel: string) =>
      this.#withStore(revoke, ({ accounts, tokens }) => new TokenCommands(accounts, tokens).revoke(idOrLabel)),
    );
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
      this.#warnOfUnknownVariables();
      if (token === undefined) throw new Failure('CLOCK_TOKEN: missing: set it, or CLOCK_TOKEN_FILE');
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
        const unknown = unknownVariables(this.#environment, everyTable);
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
      if (error instanceof Failure) return false;
      throw error;
    }
    const { checks, store } = checksFor(config, this.#environment);
    try {
      return (await runChecks(checks)) && configurationIsGood;
    } finally {
      await stopAll([store], silentLogger());
    }
  }

  #storeCommand(parent: Command, usage: string, description: string): Command {
    return addOptions(parent.command(usage).description(description), storeTable);
  }

  async #withUsers(command: Command, run: (users: UserCommands) => Promise<void>): Promise<void> {
    await this.#withStore(command, ({ accounts }) => run(new UserCommands(accounts)));
  }

  /** Opens the store, says which, runs the command on it and closes it again. */
  async #withStore(command: Command, run: (people: People) => Promise<void>): Promise<void> {
    const config = readOptions(storeTable, flagsOf(command, storeTable), this.#environment);
    this.#warnOfUnknownVariables();
    const log = silentLogger();
    const store = existingStore(config satisfies RedisConfig & DataConfig, this.#environment, log);
    await store.start();
    try {
      process.stderr.write(`clock: ${store.address}\n`);
      if (store.trouble !== null) throw new Failure(`${store.address} cannot serve: ${store.trouble}`, 1);
      const folder = (): string => dataFolder(config, this.#environment);
      await run(people(store, commandSecrets(config.secrets, store, folder)));
    } catch (error) {
      if (error instanceof Unavailable) throw new Failure(`${store.address} cannot serve: ${error.trouble}`, 1);
      throw error;
    } finally {
      await stopAll([store], log);
    }
  }

  #warnOfUnknownVariables(): void {
    for (const variable of unknownVariables(this.#environment, everyTable)) {
      process.stderr.write(`clock: ${variable}: unknown variable: no option is called so\n`);
    }
  }
}

function addOptions(command: Command, table: OptionTable): Command {
  const byEnvironmentAlone: string[] = [];
  for (const { flag, env, default: standard, help, secret } of Object.values(table)) {
    const names = secret ? env.map((name) => `${name}[_FILE]`) : env;
    const hints = [...(standard ? [`default: ${standard}`] : []), `env: ${names.join(', ')}`];
    if (flag === undefined) byEnvironmentAlone.push(`  ${names.join(', ')}\n      ${help}`);
    else command.addOption(new Option(flag, `${help} (${hints.join('; ')})`));
  }
  if (byEnvironmentAlone.length > 0) command.addHelpText('after', `\nEnvironment:\n${byEnvironmentAlone.join('\n')}`);
  return command;
}

/** The flags that were given, by the names of their table. */
function flagsOf(command: Command, table: OptionTable): Record<string, unknown> {
  const given = command.opts();
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, { flag }]) =>
      flag === undefined ? [] : [[name, given[new Option(flag).attributeName()]]],
    ),
  );
}

function printUsageError(text: string, write: (text: string) => void): void {
  write(
    `clock: ${text
      .trim()
      .replace(/^error: /, '')
      .replaceAll('\n', ' ')}\n`,
  );
}

function parseLifetime(text: string): number {
  try {
    if (!/^\d+[smhd]$/.test(text)) throw new BadValue('a number with s, m, h or d, at most 365d');
    return durationBetween(1_000, 365 * 86_400_000, '90d')(text);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new Failure(`--expires: ${JSON.stringify(text)} must be ${error.message}`);
  }
}

function checkLabel(label: string | undefined): void {
  if (label === undefined) return;
  if (!/^[^\p{C}]{1,64}$/u.test(label)) {
    throw new Failure(`--name: ${JSON.stringify(label)} must be 1 to 64 characters, none of them a control character`);
  }
}
