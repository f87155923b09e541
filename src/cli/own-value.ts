import { UserError } from '../lifecycle.ts';
import { BadValue } from '../option-parsers.ts';

/** The value of an option of a single command. Throws a `UserError` that names the option if it is not allowed. */
export function ownValue<T>(option: string, text: string, parse: (text: string) => T): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof BadValue)) throw error;
    throw new UserError(`${option}: ${JSON.stringify(text)} must be ${error.message}`);
  }
}
