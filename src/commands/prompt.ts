import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { Failure } from '../lifecycle.ts';

/**
 * A new password: from standard input, whole but for one line end, or typed twice on a terminal. Throws a `Failure`
 * where there is neither.
 */
export async function askNewPassword(fromStdin: boolean): Promise<string> {
  if (fromStdin) return (await text(process.stdin)).replace(/\r?\n$/, '');
  if (!process.stdin.isTTY)
    throw new Failure('--password-stdin: needed where there is no terminal to type a password on');
  const first = await askHidden('Password: ');
  const second = await askHidden('Password again: ');
  if (first !== second) throw new Failure('the two passwords are not the same', 1);
  return first;
}

async function askHidden(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  let typed = '';
  try {
    for (;;) {
      const [chunk] = (await once(stdin, 'data')) as [string];
      for (const character of chunk) {
        if (character === '\r' || character === '\n') return typed;
        if (character === '\u0003' || character === '\u0004') throw new Failure('given up', 1);
        typed = character === '\u007f' || character === '\b' ? [...typed].slice(0, -1).join('') : typed + character;
      }
    }
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}
