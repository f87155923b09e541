import { type Command, Option } from 'commander';
import { unknownVariables, type Environment, type OptionTable } from '../config.ts';
import { optionTables } from './tables.ts';

/** Lets a command take the options of a table; its help names their variables, too. */
export function addOptions(command: Command, table: OptionTable): Command {
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
export function flagsOf(command: Command, table: OptionTable): Record<string, unknown> {
  const given = command.opts();
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, { flag }]) =>
      flag === undefined ? [] : [[name, given[new Option(flag).attributeName()]]],
    ),
  );
}

/** The variables that look like ours, and belong to no option. */
export function unknownIn(environment: Environment): string[] {
  return unknownVariables(environment, Object.values(optionTables));
}

/** Tells a person of them. */
export function warnOfUnknown(environment: Environment): void {
  for (const variable of unknownIn(environment)) {
    process.stderr.write(`clock: ${variable}: unknown variable: no option is called so\n`);
  }
}
