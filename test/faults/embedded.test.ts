import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { Client } from '../support/client.ts';
import { runClock, startClock } from '../support/clock-process.ts';

const password = 'the right time on every screen';

test('clock all keeps every confirmed account, the sessions and seq although it is killed while accounts are added', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'clock-kill-'));
  const env = { CLOCK_ADMIN_PASSWORD: password };
  const added = new Set(['admin']);
  const cookies = new Map<string, string>();
  let seq = 0;
  try {
    for (let round = 0; round < 3; round += 1) {
      const all = await startClock(['all', '--data-dir', dataDir], { dataDir, env });
      const owner = new Client(all.url);
      if (round === 0) await owner.signIn('admin', password);
      for (const cookie of cookies) owner.cookies.set(...cookie);
      expect((await owner.fetch('/')).status).toBe(200);
      for (const cookie of owner.cookies) cookies.set(...cookie);
      const socket = await owner.connect();
      const tick = await socket.nextTick();
      expect(tick.seq).toBeGreaterThan(seq);
      seq = tick.seq;

      const names = Array.from({ length: 4 }, (_, index) => `person-${round}-${index}`);
      const adding = names.map(async (name) => {
        const args = ['user', 'add', name, '--password-stdin', '--data-dir', dataDir];
        const { exit } = await runClock(args, { stdin: password });
        if (exit === 0) added.add(name);
      });
      await Promise.race(adding);
      all.kill('SIGKILL');
      expect(await all.exited).toBe('SIGKILL');
      await Promise.all(adding);
      const { stdout } = await runClock(['user', 'list', '--json', '--data-dir', dataDir]);
      const listed = (JSON.parse(stdout) as { name: string }[]).map(({ name }) => name);
      expect(listed.toSorted()).toEqual([...added].toSorted());
    }
    const file = new DatabaseSync(join(dataDir, 'clock.db'), { readOnly: true });
    expect(file.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    file.close();
    expect(statSync(join(dataDir, 'clock.db')).mode & 0o777).toBe(0o600);
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
