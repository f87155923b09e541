import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { blocksIn, withReplaced } from './docs-blocks.ts';
import { until } from './until.ts';

/** Debian's Python, which has Debian's Django. */
export const python = '/usr/bin/python3';

export interface Django extends AsyncDisposable {
  port: number;
}

export interface DjangoOptions {
  port: number;
  /** The secret with which it signs tokens for Clock. */
  ssoSecret: string;
  /** The password of its user `grace`. */
  password: string;
  /** The host and port of each clock that it may redirect to. */
  clocks: readonly string[];
}

/** Starts a Django application with the code of `docs/sign-in.md`. */
export async function startDjango({ port, ssoSecret, password, clocks }: DjangoOptions): Promise<Django> {
  const directory = mkdtempSync(join(tmpdir(), 'clock-django-'));
  const hosts = clocks.map((clock) => JSON.stringify(clock)).join(', ');
  const code = withReplaced(blocksIn('sign-in', 'python').join('\n'), {
    '{"clock.example.org"}': `{${hosts}}`,
    // Times of a minute are the same, so that tokens of one person differ only where the code makes them differ.
    'int(time.time())': 'int(time.time()) // 60 * 60',
  });
  writeFileSync(join(directory, 'clock_docs.py'), code);
  const env = {
    PATH: process.env['PATH'],
    PYTHONUNBUFFERED: '1',
    DJANGO_SECRET_KEY: 'only for this test',
    DJANGO_USER_PASSWORD: password,
    CLOCK_SSO_SECRET: ssoSecret,
  };
  const args = [join(import.meta.dirname, 'django_site.py'), directory, String(port)];
  const child = spawn(python, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const ended = once(child, 'exit');
  const failed = ended.then(() => {
    throw new Error(`Django ended: ${errors.join('')}`);
  });
  failed.catch(() => {});
  const answers = async (): Promise<boolean> =>
    fetch(`http://127.0.0.1:${port}/`).then(
      ({ ok }) => ok,
      () => false,
    );
  await Promise.race([until(answers, 'Django answers', 60_000, 100), failed]);
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
