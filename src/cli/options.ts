import { type Command, Option } from 'commander';
import { unknownVariables, type Environment, type OptionTable } from '../config.ts';
import { optionTables } from './tables.ts';

/** Adds the options of a table to a command. Its help also names their environment variables. */
export function addOptions(command: Command, table: OptionTable): Command {
  const withoutFlag: string[] = [];
  for (const { flag, env, default: defaultText, help, secret } of Object.values(table)) {
    const names = secret ? env.map((name) => `${name}[_FILE]`) : env;
    const hints = [...(defaultText ? [`default: ${defaultText}`] : []), `env: ${names.join(', ')}`];
    if (flag === undefined) withoutFlag.push(`  ${names.join(', ')}\n      ${help}`);
    else command.addOption(new Option(flag, `${help} (${hints.join('; ')})`));
  }
  if (withoutFlag.length > 0) command.addHelpText('after', `\nEnvironment:\n${withoutFlag.join('\n')}`);
  return command;
}

/** The values of the flags on the command line, by option name. */
export function flagsOf(command: Command, table: OptionTable): Record<string, unknown> {
  const given = command.opts();
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, { flag }]) =>
      flag === undefined ? [] : [[name, given[new Option(flag).attributeName()]]],
    ),
  );
}

/** The variables that start with `CLOCK_` and belong to no option. */
export function unknownIn(environment: Environment): string[] {
  return unknownVariables(environment, Object.values(optionTables));
}

export const unknownVariableWarning = 'unknown environment variable; check its spelling';

/** Prints a warning for each unknown variable. */
export function warnOfUnknown(environment: Environment): void {
  for (const variable of unknownIn(environment)) {
    process.stderr.write(`clock: ${variable}: ${unknownVariableWarning}\n`);
  }
}
