/**
 * Writes `docs/configuration.md` from the tables of options, and the tables of `docs/faces.md` and
 * `docs/scaling.md`. With `--check` it writes nothing and fails if a file is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capacityTable } from '../bench/capacity-plan.ts';
import { optionTables } from '../src/cli/tables.ts';
import { type FaceParameter, faceParameters } from '../src/client/face-parameters.ts';
import type { OptionTable } from '../src/config.ts';
import { root } from './server-bundle.ts';

const headings: Record<keyof typeof optionTables, { title: string; usedBy: string }> = {
  common: { title: 'Every role', usedBy: '`web`, `worker`, `beat`, `all`' },
  redis: { title: 'Redis', usedBy: '`web`, `worker`, `beat`, `all`, and the commands for accounts and tokens' },
  data: { title: 'Embedded data', usedBy: '`all`, and the commands for accounts and tokens' },
  web: {
    title: 'Web',
    usedBy: '`web`, `all`; the secret also by `token issue`, which over Redis needs the secret of `web`',
  },
  authority: { title: 'Check of house time against UTC', usedBy: '`web`, `all`' },
  worker: { title: 'Worker', usedBy: '`worker`, `all`' },
  beat: { title: 'Beat', usedBy: '`beat`, `all`' },
  alerts: { title: 'Alerts by webhook', usedBy: '`beat`, `all`' },
  watch: { title: 'Watch', usedBy: '`watch`' },
};

const introduction = `<!-- Written by scripts/docs.ts from the tables of options: change those, then run \`npm run docs\`. -->
# Configuration

A flag overrides the environment, and the environment overrides the default. If a value is not allowed, Clock prints one line on standard error and exits with code 2 before it starts anything. It warns about a variable that begins with \`CLOCK_\` and belongs to no option.

- **Durations** are milliseconds, or a number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`: \`500\`, \`1.5s\`, \`90d\`.
- **Lists** are separated by commas.
- **Secrets** have no flag, because \`ps\` shows flags. The exception is \`--redis-url\`, which refuses an address with a password. To read a secret from a file, set the variable with \`_FILE\` after its name to the path. White space and line breaks around a secret are removed.
- \`clock check\` accepts all options except the token of \`watch\`, and reports for each part whether it works.
- Options of a single command, such as \`--json\` or \`--expires\`, are in its \`--help\`.
- Kubernetes sets variables such as \`CLOCK_PORT=tcp://...\` in the pods of a namespace with a Service named \`clock\`. Clock ignores them.
`;

const image = `
## What the image sets

| variable | value |
| --- | --- |
| \`CLOCK_HOST\` | \`::\` |
| \`CLOCK_DATA_DIR\` | \`/data\` |
| \`CLOCK_INTERNAL_PORT\` | \`9464\` |
| \`TZ\` | \`Europe/Madrid\` |

Outside the image the executable also uses \`TMPDIR\`: it writes its network library to that directory, loads it and deletes it, so the directory must be writable and not mounted \`noexec\`. If that fails, it tries \`/tmp\`, \`/dev/shm\` and \`/run\`. In the image it loads the library from \`uws.node\` beside the executable and writes nothing.
`;

const sections = Object.entries(optionTables).map(([name, table]) => section(name as keyof typeof headings, table));
writeOrCheck('docs/configuration.md', introduction + sections.join('') + image);

writeTable('docs/faces.md', 'scripts/docs.ts from src/client/face-parameters.ts', parameterTable());
writeTable('docs/scaling.md', 'scripts/docs.ts from bench/capacity-plan.ts', capacityTable());

/** Replaces the table after the comment that says what writes it. */
function writeTable(path: string, writtenBy: string, table: string): void {
  const text = readFileSync(join(root, path), 'utf8');
  const begin = `<!-- Written by ${writtenBy}. -->\n`;
  const [before, after] = [text.indexOf(begin) + begin.length, text.indexOf('<!-- End of the table. -->\n')];
  writeOrCheck(path, text.slice(0, before) + table + text.slice(after));
}

function writeOrCheck(path: string, text: string): void {
  const file = join(root, path);
  if (!process.argv.includes('--check')) {
    writeFileSync(file, text);
  } else if (readFileSync(file, 'utf8') !== text) {
    process.stderr.write(`${file} is stale: run 'npm run docs'\n`);
    process.exitCode = 1;
  }
}

function parameterTable(): string {
  const rows = Object.entries<FaceParameter<unknown>>(faceParameters).map(
    ([name, { choices, values, defaultText, meaning }]) => {
      const allowed = typeof choices === 'string' ? values : choices.map((choice) => `\`${choice}\``).join(', ');
      return `| \`${name}\` | ${allowed} | ${defaultText} | ${meaning} |\n`;
    },
  );
  return `| parameter | values | default | meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

function section(name: keyof typeof headings, table: OptionTable): string {
  const { title, usedBy } = headings[name];
  const rows = Object.values(table).map(row).join('\n');
  return `
## ${title}

Used by ${usedBy}.

| flag | variable | default | meaning |
| --- | --- | --- | --- |
${rows}
`;
}

function row({ flag, env, secret, default: defaultText, help }: OptionTable[string]): string {
  const names = env.map((name) => `\`${name}\`${secret ? `, \`${name}_FILE\`` : ''}`).join(', ');
  const cells = [flag === undefined ? '' : `\`${flag}\``, names, defaultText ? `\`${defaultText}\`` : '', help];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
