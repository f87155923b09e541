import { parseArgs } from 'node:util';

/** The options of the command line, each of which has a value and a default. Throws if there is another one. */
export function readOptions<Name extends string>(defaults: Readonly<Record<Name, string>>): Record<Name, string> {
  const names = Object.keys(defaults);
  const { values } = parseArgs({
    options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
  });
  return { ...defaults, ...values };
}

/** As `readOptions`, for numbers. */
export function readNumbers<Name extends string>(defaults: Readonly<Record<Name, number>>): Record<Name, number> {
  const texts = readOptions(Object.fromEntries(Object.entries(defaults).map(([name, value]) => [name, String(value)])));
  const numbers = Object.entries(texts).map(([name, text]) => [name, Number(text)] as const);
  const bad = numbers.find(([, number]) => Number.isNaN(number));
  if (bad !== undefined) throw new Error(`--${bad[0]} must be a number`);
  return Object.fromEntries(numbers) as Record<Name, number>;
}
