import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { databaseFile, EmbeddedBackend } from '../../src/backend/embedded/embedded-backend.ts';
import { UserError } from '../../src/lifecycle.ts';
import { DataProcess } from '../support/data-process.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { msUntil, passes, until } from '../support/until.ts';

function backendIn(dataDir: string, exclusive = true): EmbeddedBackend {
  return new EmbeddedBackend({ dataDir, channels: ['time'], log: recordedLog().log, exclusive });
}

async function inFolder(check: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'clock-data-'));
  try {
    await check(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A started backend, and another process on the same folder. */
async function withOther(
  exclusive: boolean,
  check: (backend: EmbeddedBackend, other: DataProcess, folder: string) => Promise<void>,
): Promise<void> {
  await inFolder(async (folder) => {
    const backend = backendIn(folder);
    const other = new DataProcess(folder, exclusive);
    try {
      await backend.start();
      await check(backend, other, folder);
    } finally {
      await other.kill();
      await backend.stop();
    }
  });
}

async function failureOf(backend: EmbeddedBackend): Promise<UserError> {
  const failure = await backend.start().catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(UserError);
  await backend.stop();
  return failure as UserError;
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

describe.concurrent('embedded backend', () => {
  test('makes its folder and files for their owner alone', async () => {
    await inFolder(async (folder) => {
      const dataDir = join(folder, 'state', 'clock');
      const backend = backendIn(dataDir);
      await backend.start();
      await backend.records.create('account', 'ana', {});
      expect(await modeOf(dataDir)).toBe('700');
      const modes = await Promise.all((await readdir(dataDir)).map((name) => modeOf(join(dataDir, name))));
      expect(modes.length).toBeGreaterThanOrEqual(3);
      expect([...new Set(modes)]).toEqual(['600']);
      await backend.stop();
    });
  });

  test('closes an open file to others that was theirs to read', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, databaseFile), '', { mode: 0o644 });
      const backend = backendIn(folder);
      await backend.start();
      expect(await modeOf(join(folder, databaseFile))).toBe('600');
      await backend.stop();
    });
  });

  test('keeps records, kept values and the last tick', async () => {
    await inFolder(async (folder) => {
      const before = backendIn(folder);
      await before.start();
      await before.records.create('account', 'ana', { n: 1 });
      expect(before.settings.keep('secret', () => 'made once')).toBe('made once');
      const at = Math.floor(before.time.now());
      await before.ticks.publish(
        { task: 'time', at, everyMs: 500, expiresAt: at + 1_000 },
        '15:03:27',
        'Europe/Madrid',
      );
      const last = await before.ticks.last('time');
      await before.stop();

      const after = backendIn(folder);
      await after.start();
      expect(await after.records.get('account', 'ana')).toEqual({ n: 1 });
      expect(after.settings.keep('secret', () => 'made again')).toBe('made once');
      expect(await after.ticks.last('time')).toEqual(last);
      await after.stop();
    });
  });

  test('refuses a second one that would serve the folder', async () => {
    await withOther(true, async (_backend, other, folder) => {
      await expect(other.ask('start')).rejects.toThrow(/^another clock serves the data in .*--data-dir$/);
      const failure = await failureOf(backendIn(folder));
      expect(failure.exitCode).toBe(2);
    });
  });

  test('serves the folder of one that was killed, from its last tick on', async () => {
    await inFolder(async (folder) => {
      const other = new DataProcess(folder, true);
      await other.ask('start');
      await other.ask('create', 'ana');
      expect(await other.ask('tick', '15:03:27')).toBe('published');
      await passes(1_200);
      await other.kill();
      const backend = backendIn(folder);
      await backend.start();
      expect(await backend.records.get('account', 'ana')).toEqual({ id: 'ana' });
      expect((await backend.ticks.last('time'))?.text).toBe('15:03:27');
      await backend.stop();
    });
  });

  test('lets another process work on its data, and hears of it within a second', async () => {
    await withOther(false, async (backend, other) => {
      const told: string[] = [];
      let missed = 0;
      backend.records.subscribe({ onMessage: (message) => told.push(message), onGap: () => missed++ });
      await other.ask('start');
      await until(() => missed >= 0, 'its start');
      const before = missed;
      expect(await other.ask('create', 'ana')).toBe(true);
      expect(await msUntil(() => missed > before, 'that records are others')).toBeLessThan(1_000);
      expect(await backend.records.get('account', 'ana')).toEqual({ id: 'ana' });
      await other.ask('tell', 'news');
      expect(await msUntil(() => told.length > 0, 'the message')).toBeLessThan(1_000);
      expect(told).toEqual(['news']);
    });
  });

  test('tells nobody of what it wrote itself', async () => {
    await inFolder(async (folder) => {
      const backend = backendIn(folder);
      const told: string[] = [];
      backend.records.subscribe({ onMessage: (message) => told.push(message), onGap: () => told.push('missed') });
      await backend.start();
      await backend.records.create('account', 'ana', {});
      await backend.records.publish('news');
      await passes(1_100);
      expect(told).toEqual(['news']);
      await backend.stop();
    });
  });

  test('loses no update of two processes that race', async () => {
    await withOther(false, async (backend, other) => {
      await other.ask('start');
      await backend.records.create('account', 'count', { n: 0 });
      const racing = other.ask('raise', 'count', '100');
      for (let n = 0; n < 100; n++) {
        await backend.records.update<{ n: number }>('account', 'count', (value) => ({ n: value.n + 1 }));
        await passes(1);
      }
      await racing;
      expect(await backend.records.get('account', 'count')).toEqual({ n: 200 });
    });
  });

  test('keeps one value of two that processes made', async () => {
    await withOther(false, async (backend, other) => {
      await other.ask('start');
      const [mine, its] = [backend.settings.keep('secret', () => 'mine'), await other.ask('keep', 'secret', 'its')];
      expect(its).toBe(mine);
    });
  });

  test('refuses a folder that cannot be written', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, 'file'), '');
      const failure = await failureOf(backendIn(join(folder, 'file', 'data')));
      expect(failure.exitCode).toBe(2);
      expect(failure.message).toMatch(/^the data in .*file\/data cannot be used: .*$/);
      await mkdir(join(folder, databaseFile));
      expect((await failureOf(backendIn(folder))).exitCode).toBe(2);
    });
  });

  test('refuses a file that is none of its own', async () => {
    await inFolder(async (folder) => {
      await writeFile(join(folder, databaseFile), 'a letter to a friend, and no database at all');
      expect((await failureOf(backendIn(folder))).message).toMatch(
        /cannot be used: file is not a database; name another folder/,
      );
    });
  });

  test('refuses a newer schema, and leaves it as it is', async () => {
    await inFolder(async (folder) => {
      const path = join(folder, databaseFile);
      const newer = new DatabaseSync(path);
      newer.exec('CREATE TABLE record (what TEXT); PRAGMA user_version = 2');
      newer.close();
      expect((await failureOf(backendIn(folder))).message).toMatch(
        /clock\.db has schema 2, and this version knows 1 at most: run the newer clock/,
      );
      const same = new DatabaseSync(path);
      expect(same.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'record' }]);
      expect(same.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
      same.close();
    });
  });

  test('says data-readonly while the file cannot be written, and serves again after', async () => {
    await inFolder(async (folder) => {
      const { log, lines } = recordedLog();
      const backend = new EmbeddedBackend({ dataDir: folder, channels: ['time'], log, exclusive: true });
      await backend.start();
      const other = new DatabaseSync(join(folder, databaseFile));
      other.exec('BEGIN IMMEDIATE');
      expect(await msUntil(() => backend.outage === 'data-readonly', 'the outage')).toBeLessThan(2_000);
      await expect(backend.records.create('account', 'ana', {})).rejects.toMatchObject({ outage: 'data-readonly' });
      other.exec('COMMIT');
      expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_600);
      expect(await backend.records.create('account', 'ana', {})).toBe(true);
      expect(lines.map(({ msg }) => msg)).toEqual(['data cannot be written', 'data can be written again']);
      other.close();
      await backend.stop();
    });
  });
});
