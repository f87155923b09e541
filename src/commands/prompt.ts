import { createInterface } from 'node:readline/promises';
import { text } from 'node:stream/consumers';
import { UserError } from '../lifecycle.ts';

/**
 * Reads a new password, either from standard input or typed twice on the terminal. Throws a `UserError` if `fromStdin`
 * is not set and there is no terminal.
 */
export async function promptNewPassword(fromStdin: boolean): Promise<string> {
  const { stdin } = process;
  if (fromStdin) return text(stdin);
  if (!stdin.isTTY)
    throw new UserError('--password-stdin: required, because there is no terminal to type a password on');
  stdin.setRawMode(true);
  try {
    // One reader for both prompts: both lines may be pasted at once.
    const characters = typedCharacters();
    const first = await promptHidden('Password: ', characters);
    const second = await promptHidden('Password again: ', characters);
    if (first !== second) throw new UserError('the two passwords differ', 1);
    return first;
  } finally {
    stdin.setRawMode(false);
    stdin.destroy();
  }
}

async function* typedCharacters(): AsyncGenerator<string, undefined> {
  for await (const chunk of process.stdin.setEncoding('utf8')) yield* chunk as string;
}

async function promptHidden(question: string, characters: AsyncGenerator<string, undefined>): Promise<string> {
  process.stderr.write(question);
  let typed = '';
  try {
    for (;;) {
      const { value: character } = await characters.next();
      if (character === '\r' || character === '\n') return typed;
      if (character === undefined || character === '\u0003' || character === '\u0004')
        throw new UserError('cancelled', 1);
      typed = character === '\u007f' || character === '\b' ? [...typed].slice(0, -1).join('') : typed + character;
    }
  } finally {
    process.stderr.write('\n');
  }
}

/** Asks on the terminal before what cannot be undone. Throws a `UserError` unless the answer is yes. */
export async function confirmOnTerminal(question: string): Promise<void> {
  if (!process.stdin.isTTY) throw new UserError('--yes: required, because there is no terminal to ask on');
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) throw new UserError('cancelled', 1);
  } finally {
    terminal.close();
  }
}
