import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, test } from 'vitest';
import { updateDist } from '../support/dist.ts';

const root = join(import.meta.dirname, '../..');

interface Block {
  page: string;
  /** The heading above it. */
  part: string;
  commands: string;
  /** The comment above it: `run`, `run: background`, or `not run: ` with the reason. */
  note: string;
}

const pages = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
const blocks = pages.flatMap(blocksOf);

function blocksOf(page: string): Block[] {
  const parts = readFileSync(join(root, 'docs', page), 'utf8').split(/^## /m);
  return parts.flatMap((body) => {
    const [part = ''] = body.split('\n', 1);
    const found = body.matchAll(/(?:^<!-- (.+) -->\n)?^```sh\n([\s\S]*?)^```$/gm);
    return [...found].map(([, note = '', commands = '']) => ({ page, part, commands, note }));
  });
}

/** Builds a script of the blocks of one part. It waits until each background process answers. */
function scriptOf(part: readonly Block[]): string {
  const lines = part.map(({ commands, note }) =>
    note === 'run' ? commands : `{ ${commands} } >>log 2>&1 &\n${waitUntilReady(commands)}`,
  );
  return ['set -euo pipefail', 'ip link set lo up', ...lines, 'echo every command succeeded'].join('\n');
}

function waitUntilReady(commands: string): string {
  const port = /redis-server(?: --port (\d+))?/.exec(commands);
  if (port !== null) return waitFor(`redis-cli -p ${port[1] ?? 6379} ping`);
  if (!/clock (web|all)/.test(commands)) return '';
  return waitFor(`clock healthcheck --ready ${/--tls-\S+ \S+/.exec(commands)?.[0] ?? ''}`);
}

function waitFor(command: string): string {
  return `for _ in $(seq 100); do ${command} >/dev/null 2>&1 && break; sleep 0.1; done`;
}

/** Runs the script in its own network and process namespace: its ports are free, and its processes end with it. */
async function run(script: string): Promise<{ exit: number | null; output: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'clock-docs-'));
  const privileges = process.getuid?.() === 0 ? [] : ['--map-root-user'];
  const namespaces = [...privileges, '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
  const PATH = `${join(root, 'dist')}:/usr/local/sbin:/usr/sbin:/sbin:${process.env['PATH']}`;
  const options = { cwd: directory, env: { PATH, HOME: directory }, timeout: 150_000 };
  const child = spawn('unshare', [...namespaces, 'bash', '-c', `exec 2>&1; ${script}`], options);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const output = await text(child.stdout);
  const exit = await ended;
  rmSync(directory, { recursive: true, force: true });
  return { exit, output };
}

describe('docs', () => {
  // The commands run `dist/clock`.
  beforeAll(() => updateDist('package'));

  test.each(blocks)('$page, $part: marks each block of commands as run or not run', ({ note }) => {
    expect(note).toMatch(/^(run|run: background|not run: .{10,})$/);
  });

  const parts = Object.values(
    Object.groupBy(
      blocks.filter(({ note }) => note.startsWith('run')),
      ({ page, part }) => `${page} ${part}`,
    ),
  ).map((all = []) => ({ page: all[0]?.page, part: all[0]?.part, all }));

  test.each(parts)('$page, $part: every command succeeds', { timeout: 180_000 }, async ({ all }) => {
    const { exit, output } = await run(scriptOf(all));
    expect(output).toMatch(/every command succeeded\n$/);
    expect(exit).toBe(0);
  });

  const linking = [...pages.map((page) => `docs/${page}`), 'README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'];
  test.each(linking)('%s: every relative link has a target', (page) => {
    const links = readFileSync(join(root, page), 'utf8').matchAll(/\]\((?!https?:)([^)]+)\)/g);
    const dead = [...links].filter(([, link = '']) => {
      const [file, anchor] = link.split('#');
      const target = file ? join(root, page, '..', file) : join(root, page);
      return !existsSync(target) || (anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor));
    });
    expect(dead.map(([, link]) => link)).toEqual([]);
  });

  test('every alert links to a section of the runbook', () => {
    const anchors = anchorsOf(readFileSync(join(root, 'docs/runbook.md'), 'utf8'));
    const alerts = readFileSync(join(root, 'deploy/prometheus/alerts.yaml'), 'utf8');
    const linked = [...alerts.matchAll(/runbook: docs\/runbook\.md#(\S+)/g)].map(([, anchor]) => anchor);
    expect(linked.length).toBeGreaterThan(0);
    expect(anchors).toEqual(expect.arrayContaining(linked));
  });

  test('the runbook lists every reason that /ready can give', () => {
    const backend = readFileSync(join(root, 'src/backend/backend.ts'), 'utf8');
    const reasons = [...(/type Outage =[^;]+/.exec(backend)?.[0] ?? '').matchAll(/'([a-z-]+)'/g)].map(
      ([, reason]) => reason,
    );
    const rows = readFileSync(join(root, 'docs/runbook.md'), 'utf8').matchAll(/^\| `([a-z-]+)` \|/gm);
    expect([...rows].map(([, reason]) => reason).toSorted()).toEqual(
      [...reasons, 'draining', 'unresponsive'].toSorted(),
    );
  });

  test('every alert uses metrics that exist', () => {
    const alerts = readFileSync(join(root, 'deploy/prometheus/alerts.yaml'), 'utf8');
    const metrics = readFileSync(join(root, 'src/metrics.ts'), 'utf8');
    const names = new Set(alerts.match(/\bclock_[a-z_]+/g)?.map((name) => name.replace(/_bucket$/, '')));
    for (const name of names) expect(metrics).toContain(`'${name}'`);
  });
});

/** The anchors that GitHub and GitLab generate for headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );
}
