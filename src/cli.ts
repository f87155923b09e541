import { Command, CommanderError } from 'commander';
import { build, buildInfo } from './build-info.ts';
import { checksFor } from './checks.ts';
import { addOptions, flagsOf, unknownIn, unknownVariableWarning, warnOfUnknown } from './cli/options.ts';
import { BackendCommands } from './cli/backend-commands.ts';
import { allTable, beatTable, probeTable, webTable, workerTable } from './cli/tables.ts';
import { addToken } from './cli/token.ts';
import { addChannels } from './cli/channels.ts';
import { addShow } from './cli/show.ts';
import { addPublish } from './cli/publish.ts';
import { addPair, addScreens } from './cli/screens.ts';
import { addUser } from './cli/user.ts';
import { localHosts } from './addresses.ts';
import { check, runChecks } from './commands/check.ts';
import { healthProblem } from './commands/healthcheck.ts';
import { watchOptions } from './commands/options.ts';
import { generateSecrets } from './commands/secret.ts';
import { watch } from './commands/watch.ts';
import { readOptions, withoutServiceLinks, type commonOptions, type Environment, type ValuesOf } from './config.ts';
import { UserError, run, stopAll } from './lifecycle.ts';
import { createLogger, silentLogger, type AuditSink } from './logger.ts';
import { Shutdown, stopOnSignals } from './shutdown.ts';
import { ParentChannel } from './supervisor/parent-channel.ts';
import type { RoleContext } from './role-part.ts';
import { allRole, beatRole, webRole, workerRole, type Role } from './roles.ts';
import type { webOptions } from './web/options.ts';

/**
 * Runs a command line. Resolves to the exit code: 0 for success, 1 for a failure, 2 for a command, option or value that
 * is not allowed. `assetsDirectory` contains the static files.
 */
export async function runCli(argv: readonly string[], given: Environment, assetsDirectory: string): Promise<number> {
  const environment = withoutServiceLinks(given);
  const parent = ParentChannel.open(environment);
  try {
    const cli = new Cli(environment, assetsDirectory, parent);
    await cli.program.parseAsync(argv, { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    // The parent prints the error once for all its children.
    const isReported = (await parent?.fail(error)) ?? false;
    if (!(error instanceof UserError)) {
      if (isReported) return 1;
      throw error;
    }
    if (!isReported) process.stderr.write(`clock: ${error.message}\n`);
    return error.exitCode;
  }
}

class Cli {
  readonly program: Command;
  exitCode = 0;
  readonly #environment: Environment;
  readonly #assetsDirectory: string;
  readonly #parent: ParentChannel | null;

  constructor(environment: Environment, assetsDirectory: string, parent: ParentChannel | null) {
    this.#environment = environment;
    this.#assetsDirectory = assetsDirectory;
    this.#parent = parent;
    const { version, commit, date } = buildInfo;
    this.program = new Command('clock')
      .description('Shows the exact time, live, on every signed-in screen.')
      .version(
        `clock ${version} (commit ${commit}, built ${date})`,
        '--version',
        'print version, commit and build date',
      )
      .helpCommand(false)
      .configureOutput({ writeErr: (text) => process.stderr.write(text), outputError: printUsageError })
      .exitOverride();
    this.#addRoles();
    const backendCommands = new BackendCommands(environment);
    addUser(this.program, backendCommands);
    addToken(this.program, backendCommands);
    addPair(this.program, backendCommands);
    addScreens(this.program, backendCommands, environment);
    addChannels(this.program, backendCommands);
    addPublish(this.program, backendCommands);
    addShow(this.program, backendCommands);
    this.#addWatch();
    this.#addOthers();
  }

  #addRoles(): void {
    this.#addRole('web', 'serve pages, API and WebSockets, and relay ticks from Redis', webTable, webRole);
    this.#addRole('worker', 'take jobs from the queue and publish their ticks', workerTable, workerRole);
    this.#addRole('beat', 'enqueue jobs when they are due; of several beats one is the leader', beatTable, beatRole);
    this.#addRole('all', 'run web, worker and beat in one process; needs no Redis', allTable, allRole);
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
      this.exitCode = await this.#runRole(name, config as ValuesOf<typeof commonOptions>, (context) =>
        compose(config, context),
      );
    });
  }

  async #runRole(
    name: string,
    config: ValuesOf<typeof commonOptions> & Partial<ValuesOf<typeof webOptions>>,
    compose: (context: RoleContext) => Promise<Role>,
  ): Promise<number> {
    const { logLevel: level, environment, graceMs, drainMs = 0, drainDelayMs = 0 } = config;
    const parent = this.#parent;
    const audit: AuditSink | undefined = parent === null ? undefined : (...line) => parent.audit(...line);
    const log = createLogger(name, { level, environment, audit });
    // The parent has warned of the same ones.
    const unknown = parent === null ? unknownIn(this.#environment) : [];
    for (const variable of unknown) log.warn({ variable }, unknownVariableWarning);
    const shutdown = new Shutdown(log, parent);
    const { services, onStarted } = await compose({
      stopping: shutdown.signal,
      environment: this.#environment,
      assetsDirectory: this.#assetsDirectory,
      parent,
      log,
    });
    const stopWithinMs = drainDelayMs + (graceMs ?? Math.max(10_000, drainMs + 2_000));
    try {
      return await run(services, { shutdown, onStarted, log, graceMs: stopWithinMs });
    } catch (error) {
      if (error instanceof UserError || parent !== null) throw error;
      log.fatal({ err: error }, 'start failed');
      return 1;
    }
  }

  #addOthers(): void {
    const secret = this.program
      .command('secret')
      .description('generate a secret and an admin password')
      .option('--write <directory>', 'write them to the files secret and admin-password in this directory')
      .action(() => generateSecrets(secret.opts<{ write?: string }>().write));

    const check = this.program
      .command('check')
      .description('check configuration, data, clocks, secret, certificate and ports; exit 1 if anything is wrong');
    addOptions(check, allTable).action(async () => {
      this.exitCode = (await this.#check(flagsOf(check, allTable))) ? 0 : 1;
    });

    const healthcheck = this.program
      .command('healthcheck')
      .description('exit 0 if the role on this host is healthy, else 1')
      .option('--ready', 'also check that it is ready to serve');
    addOptions(healthcheck, probeTable).action(async () => {
      const config = readOptions(probeTable, flagsOf(healthcheck, probeTable), this.#environment);
      const path = healthcheck.opts<{ ready?: boolean }>().ready ? '/ready' : '/health';
      const { host = '::', internalHost = host, internalPort, port, tlsCert } = config;
      const problem = await healthProblem(
        internalPort === undefined
          ? { hosts: localHosts(host), port, path, isSecure: tlsCert !== undefined }
          : { hosts: localHosts(internalHost), port: internalPort, path, isSecure: false },
      );
      if (problem !== null) throw new UserError(problem, 1);
    });
  }

  #addWatch(): void {
    const command = this.program
      .command('watch <url>')
      .description('show the time live in this terminal, with its error bound')
      .option('--once', 'print the first time received and exit')
      .option('--json', 'print one JSON object per line');
    addOptions(command, watchOptions).action(async (url: string) => {
      const { token } = readOptions(watchOptions, {}, this.#environment);
      warnOfUnknown(this.#environment);
      if (token === undefined) {
        throw new UserError(
          "CLOCK_TOKEN: missing; set it, or CLOCK_TOKEN_FILE, to a token that 'clock token issue' printed",
        );
      }
      const { once = false, json = false } = command.opts<{ once?: boolean; json?: boolean }>();
      const output = process.stdout;
      const environment = this.#environment;
      const stopping = stopOnSignals(silentLogger());
      await watch({ url, token, build, once, asJson: json, output, environment, stopping });
    });
  }

  async #check(flags: Record<string, unknown>): Promise<boolean> {
    const read = (): ValuesOf<typeof allTable> => readOptions(allTable, flags, this.#environment);
    const configuration = check('configuration', async () => {
      read();
      const unknown = unknownIn(this.#environment);
      if (unknown.length > 0) throw new Error(`${unknown.join(', ')}: ${unknownVariableWarning}`);
      return 'all values are valid';
    });
    const isConfigurationValid = await runChecks([configuration]);
    let config: ValuesOf<typeof allTable>;
    try {
      config = read();
    } catch (error) {
      // The check above has printed it, and the other checks need the configuration.
      if (error instanceof UserError) return false;
      throw error;
    }
    const { checks, backend } = await checksFor(config, this.#environment);
    try {
      return (await runChecks(checks)) && isConfigurationValid;
    } finally {
      await stopAll([backend], silentLogger());
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
