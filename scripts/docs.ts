/**
 * Writes `docs/configuration.md` from the tables of options, and the table of `docs/faces.md` from the parameters of
 * faces. With `--check` it writes nothing and fails if a file is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionTables } from '../src/cli/tables.ts';
import { type FaceParameter, faceParameters } from '../src/client/face-parameters.ts';
import type { OptionTable } from '../src/config.ts';
import { root } from './server-bundle.ts';

const headings: Record<keyof typeof optionTables, { title: string; takenBy: string }> = {
  common: { title: 'Every role', takenBy: '`web`, `worker`, `beat`, `all`' },
  redis: { title: 'Redis', takenBy: '`web`, `worker`, `beat`, `all`, and the commands for accounts and tokens' },
  data: { title: 'Embedded data', takenBy: '`all`, and the commands for accounts and tokens' },
  web: {
    title: 'Web',
    takenBy: '`web`, `all`; the secret also `token issue`, which over Redis needs the one that `web` has',
  },
  worker: { title: 'Worker', takenBy: '`worker`, `all`' },
  beat: { title: 'Beat', takenBy: '`beat`, `all`' },
  watch: { title: 'Watch', takenBy: '`watch`' },
};

const introduction = `<!-- Made by scripts/docs.ts from the tables of options: change them, then run \`npm run docs\`. -->
# Configuration

A flag beats the environment, the environment beats the default. A value that is not allowed is one line on standard error and exit code 2, and nothing is started. A variable that begins with \`CLOCK_\` and belongs to no option is warned about.

- **Durations** are milliseconds, or a number with \`ms\`, \`s\`, \`m\`, \`h\` or \`d\`: \`500\`, \`1.5s\`, \`90d\`.
- **Lists** stand between commas.
- **Secrets** have no flag, since flags show in \`ps\`; an address of Redis has one, which refuses a password. Each can come from a file: with \`_FILE\` after its name the variable names the file. One newline at its end is dropped.
- \`clock check\` takes all of these but the token of \`watch\`, and says of each part whether it would work.
- What one command alone takes, such as \`--json\` or \`--expires\`, is in its \`--help\`.
- Kubernetes sets variables such as \`CLOCK_PORT=tcp://...\` for Services of such names: these are passed over.
`;

const image = `
## What the image sets

| variable | value |
| --- | --- |
| \`CLOCK_HOST\` | \`::\` |
| \`CLOCK_DATA_DIR\` | \`/data\` |
| \`CLOCK_INTERNAL_PORT\` | \`9464\` |
| \`TZ\` | \`Europe/Madrid\` |

Beside these, \`TMPDIR\` counts where the executable runs alone: it puts a part of itself there for as long as that takes to load, so the folder must be writable and not mounted \`noexec\`. Without it \`/tmp\`, \`/dev/shm\` and \`/run\` are tried. In the image nothing is put anywhere.
`;

const sections = Object.entries(optionTables).map(([name, table]) => section(name as keyof typeof headings, table));
writeOrCheck('docs/configuration.md', introduction + sections.join('') + image);

const faces = readFileSync(join(root, 'docs/faces.md'), 'utf8');
const begin = '<!-- Written by scripts/docs.ts from src/client/face-parameters.ts. -->\n';
const end = '<!-- End of the table. -->\n';
const [before, after] = [faces.indexOf(begin) + begin.length, faces.indexOf(end)];
writeOrCheck('docs/faces.md', faces.slice(0, before) + parameterTable() + faces.slice(after));

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
  const { title, takenBy } = headings[name];
  const rows = Object.values(table).map(row).join('\n');
  return `
## ${title}

Taken by ${takenBy}.

| flag | variable | default | meaning |
| --- | --- | --- | --- |
${rows}
`;
}

function row({ flag, env, secret, default: standard, help }: OptionTable[string]): string {
  const names = env.map((name) => `\`${name}\`${secret ? `, \`${name}_FILE\`` : ''}`).join(', ');
  const cells = [flag === undefined ? '' : `\`${flag}\``, names, standard ? `\`${standard}\`` : '', help];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
