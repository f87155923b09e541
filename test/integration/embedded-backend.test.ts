import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test, vi } from 'vitest';
import { databaseFile, DataFile } from '../../src/backend/embedded/data-file.ts';
import { EmbeddedBackend } from '../../src/backend/embedded/embedded-backend.ts';
import { UserError } from '../../src/lifecycle.ts';
import { DataProcess } from '../support/data-process.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { undisturbed } from '../support/undisturbed.ts';
import { msUntil, passes, until } from '../support/until.ts';

function backendIn(dataDir: string, exclusive = true): EmbeddedBackend {
  return new EmbeddedBackend({ dataDir, channels: ['time'], log: recordedLog().log, exclusive });
}

async function inDirectory(check: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'clock-data-'));
  try {
    await check(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A started backend, and another process on the same directory. */
async function withOther(
  exclusive: boolean,
  check: (backend: EmbeddedBackend, other: DataProcess, directory: string) => Promise<void>,
): Promise<void> {
  await inDirectory(async (directory) => {
    const backend = backendIn(directory);
    const other = new DataProcess(directory, exclusive);
    try {
      await backend.start();
      await check(backend, other, directory);
    } finally {
      await other.kill();
      await backend.stop();
    }
  });
}

async function startErrorOf(backend: EmbeddedBackend): Promise<UserError> {
  const error = await backend.start().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(UserError);
  await backend.stop();
  return error as UserError;
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

describe.concurrent('embedded backend', () => {
  test('creates its directory and files for their owner alone', async () => {
    await inDirectory(async (directory) => {
      const dataDir = join(directory, 'state', 'clock');
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

  test('restricts a file that others can read to its owner', async () => {
    await inDirectory(async (directory) => {
      await writeFile(join(directory, databaseFile), '', { mode: 0o644 });
      const backend = backendIn(directory);
      await backend.start();
      expect(await modeOf(join(directory, databaseFile))).toBe('600');
      await backend.stop();
    });
  });

  test('stores records, settings and the last tick', async () => {
    await inDirectory(async (directory) => {
      const before = backendIn(directory);
      await before.start();
      await before.records.create('account', 'ana', { n: 1 });
      expect(before.settings.getOrCreate('secret', () => 'made once')).toBe('made once');
      const at = Math.floor(before.time.now());
      await before.ticks.publish(
        { task: 'time', at, everyMs: 500, expiresAt: at + 1_000 },
        '15:03:27',
        'Europe/Madrid',
      );
      const last = await before.ticks.last('time');
      await before.stop();

      const after = backendIn(directory);
      await after.start();
      expect(await after.records.get('account', 'ana')).toEqual({ n: 1 });
      expect(after.settings.getOrCreate('secret', () => 'made again')).toBe('made once');
      expect(await after.ticks.last('time')).toEqual(last);
      await after.stop();
    });
  });

  test('refuses a second process that serves the directory', async () => {
    await withOther(true, async (_backend, other, directory) => {
      await expect(other.ask('start')).rejects.toThrow(/^another clock serves the data in .*--data-dir$/);
      const error = await startErrorOf(backendIn(directory));
      expect(error.exitCode).toBe(2);
    });
  });

  test('serves the directory of a killed process and continues from its last tick', async () => {
    await inDirectory(async (directory) => {
      const other = new DataProcess(directory, true);
      await other.ask('start');
      await other.ask('create', 'ana');
      expect(await other.ask('tick', '15:03:27')).toBe('published');
      const reader = backendIn(directory, false);
      await reader.start();
      await until(() => reader.settings.get('last-ticks')?.includes('15:03:27'), 'the tick is saved');
      await reader.stop();
      await other.kill();
      const backend = backendIn(directory);
      await backend.start();
      expect(await backend.records.get('account', 'ana')).toEqual({ id: 'ana' });
      expect((await backend.ticks.last('time'))?.text).toBe('15:03:27');
      await backend.stop();
    });
  });

  test('notices the writes of another process within a second', async () => {
    await withOther(false, async (backend, other) => {
      const messages: string[] = [];
      let gaps = 0;
      backend.records.subscribe({ onMessage: (message) => messages.push(message), onGap: () => gaps++ });
      await other.ask('start');
      const before = gaps;
      expect(await other.ask('create', 'ana')).toBe(true);
      expect(await msUntil(() => gaps > before, 'the gap is reported')).toBeLessThan(1_000);
      expect(await backend.records.get('account', 'ana')).toEqual({ id: 'ana' });
      await other.ask('tell', 'news');
      expect(await msUntil(() => messages.length > 0, 'the message')).toBeLessThan(1_000);
      expect(messages).toEqual(['news']);
    });
  });

  test('gives a command the roster that it has in memory', async () => {
    await withOther(false, async (backend, other) => {
      await other.ask('start');
      // The command waits for 1.5 s, in which a busy machine may not answer.
      const roster = await until(async () => {
        await backend.reportConnections('web', 1, { after: 0, rows: { lobby: { n: 1 } } });
        const answer = (await other.ask('roster')) as unknown[];
        return answer.length > 0 ? answer : null;
      }, 'the roster');
      expect(roster).toEqual([['web', [['lobby', { n: 1 }]]]]);
      expect(backend.settings.get('roster')).toBeNull();
    });
  });

  test('has no roster for a command if no process serves the data', async () => {
    await inDirectory(async (directory) => {
      const command = backendIn(directory, false);
      await command.start();
      expect((await command.readRoster()).size).toBe(0);
      await command.stop();
    });
  });

  test('reports no gap for its own writes', async () => {
    await inDirectory(async (directory) => {
      const backend = backendIn(directory);
      const messages: string[] = [];
      backend.records.subscribe({ onMessage: (message) => messages.push(message), onGap: () => messages.push('gap') });
      await backend.start();
      await backend.records.create('account', 'ana', {});
      await backend.records.publish('news');
      await passes(1_100);
      expect(messages).toEqual(['news']);
      await backend.stop();
    });
  });

  test('loses no update although two processes race', async ({ signal }) => {
    const race = (): Promise<void> =>
      withOther(false, async (backend, other) => {
        const raise = async (): Promise<void> => {
          for (let n = 0; n < 100; n++) {
            await backend.records.update<{ n: number }>('account', 'count', (value) => ({ n: value.n + 1 }));
            await passes(1);
          }
        };
        await other.ask('start');
        await backend.records.create('account', 'count', { n: 0 });
        await Promise.all([other.ask('raise', 'count', '100'), raise()]);
        expect(await backend.records.get('account', 'count')).toEqual({ n: 200 });
      });
    // A write is refused if the machine stops the other process for 0.5 s while it holds the lock.
    await undisturbed(race, signal);
  });

  test('keeps one setting although two processes create it', async () => {
    await withOther(false, async (backend, other) => {
      await other.ask('start');
      const [mine, its] = [
        backend.settings.getOrCreate('secret', () => 'mine'),
        await other.ask('getOrCreate', 'secret', 'its'),
      ];
      expect(its).toBe(mine);
    });
  });

  test('refuses a directory that cannot be written', async () => {
    await inDirectory(async (directory) => {
      await writeFile(join(directory, 'file'), '');
      const error = await startErrorOf(backendIn(join(directory, 'file', 'data')));
      expect(error.exitCode).toBe(2);
      expect(error.message).toMatch(/^the data in .*file\/data cannot be used: .*$/);
      await mkdir(join(directory, databaseFile));
      expect((await startErrorOf(backendIn(directory))).exitCode).toBe(2);
    });
  });

  test('refuses a file that is not a database', async () => {
    await inDirectory(async (directory) => {
      await writeFile(join(directory, databaseFile), 'a letter to a friend, not a database');
      expect((await startErrorOf(backendIn(directory))).message).toMatch(
        /cannot be used: file is not a database; choose another directory/,
      );
    });
  });

  test('refuses a newer schema and does not change the file', async () => {
    await inDirectory(async (directory) => {
      const path = join(directory, databaseFile);
      const newer = new DatabaseSync(path);
      newer.exec('CREATE TABLE record (what TEXT); PRAGMA user_version = 3');
      newer.close();
      expect((await startErrorOf(backendIn(directory))).message).toMatch(
        /clock\.db has schema 3, but this version supports schema 2 at most: upgrade clock/,
      );
      const same = new DatabaseSync(path);
      expect(same.prepare('SELECT name FROM sqlite_schema').all()).toEqual([{ name: 'record' }]);
      expect(same.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'delete' });
      same.close();
    });
  });

  test('logs an unexpected error of its background work and continues', async () => {
    await inDirectory(async (directory) => {
      const { log, lines } = recordedLog();
      const backend = new EmbeddedBackend({ dataDir: directory, channels: ['time'], log, exclusive: true });
      await backend.start();
      const poll = vi.spyOn(backend.records, 'poll').mockImplementationOnce(() => {
        throw new Error('broken');
      });
      await until(() => poll.mock.calls.length >= 2, 'the next poll');
      expect(lines.map(({ msg }) => msg)).toEqual(['unexpected error in the embedded backend']);
      await backend.stop();
    });
  });
});

describe('writes of the embedded backend', () => {
  // Each attempt waits for the lock and blocks this process, so no other test runs at the same time.
  test('wait 0.5 s for the lock; those that fail are an outage until one succeeds', async () => {
    await inDirectory(async (directory) => {
      const { log, lines } = recordedLog();
      const backend = new EmbeddedBackend({ dataDir: directory, channels: ['time'], log, exclusive: true });
      await backend.start();
      const other = new DatabaseSync(join(directory, databaseFile));
      other.exec('BEGIN IMMEDIATE');
      const beganAt = performance.now();
      await expect(backend.records.create('account', 'ana', {})).rejects.toMatchObject({ outage: 'data-readonly' });
      expect(performance.now() - beganAt).toBeGreaterThan(490);
      expect([backend.outage, backend.outageReason]).toEqual(['data-readonly', 'database is locked']);
      expect(await backend.selfTest()).toEqual([{ name: 'write', problem: 'database is locked' }]);
      other.exec('COMMIT');
      expect(await msUntil(() => backend.outage === null, 'no outage')).toBeLessThan(1_600);
      expect(backend.outageReason).toBeNull();
      expect(await backend.records.create('account', 'ana', {})).toBe(true);
      expect(lines.map(({ msg }) => msg)).toEqual(['data cannot be written', 'data can be written again']);
      other.close();
      await backend.stop();
    });
  });

  test('happen once a minute while it is idle, and at once for another zone or interval', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      await inDirectory(async (directory) => {
        const backend = backendIn(directory);
        await backend.start();
        const other = new DatabaseSync(join(directory, databaseFile));
        const versionOf = (): unknown => other.prepare('PRAGMA data_version').get()?.['data_version'];
        const start = Math.floor(backend.time.now());
        let ticks = 0;
        /** Publishes a tick, lets a second pass, and returns whether the backend wrote. */
        const writesAfterTick = async (zone: string, everyMs = 500): Promise<boolean> => {
          const before = versionOf();
          const job = { task: 'time', at: start + ticks++, everyMs, expiresAt: start + 60_000 };
          expect(await backend.ticks.publish(job, 'now', zone)).toBe('published');
          await vi.advanceTimersByTimeAsync(1_000);
          return versionOf() !== before;
        };
        expect(await writesAfterTick('UTC')).toBe(true);
        let writes = 0;
        for (let second = 1; second <= 180; second++) if (await writesAfterTick('UTC')) writes++;
        expect(writes).toBe(3);
        expect(await writesAfterTick('Europe/Madrid')).toBe(true);
        expect(await writesAfterTick('Europe/Madrid', 1_000)).toBe(true);
        expect(await writesAfterTick('Europe/Madrid', 1_000)).toBe(false);
        other.close();
        await backend.stop();
      });
    } finally {
      vi.useRealTimers();
    }
  });

  test('are flushed to the disk when they revoke access', async () => {
    await inDirectory(async (directory) => {
      const backend = backendIn(directory);
      await backend.start();
      const durable = vi.spyOn(DataFile.prototype, 'durableTransaction');
      try {
        const { records } = backend;
        await records.create('account', 'ana', {});
        await records.update('account', 'ana', () => ({ n: 1 }));
        expect(durable).toHaveBeenCalledTimes(0);
        await records.updateAndPublish('account', 'ana', () => ({ isDisabled: true }), 'disabled');
        await records.deleteAndPublish('session', ['ana/1'], 'ended');
        await records.delete('account', 'ana');
        expect(durable).toHaveBeenCalledTimes(3);
      } finally {
        durable.mockRestore();
        await backend.stop();
      }
    });
  });

  test('switch the flush of SQLite on for durable transactions alone', async () => {
    await inDirectory(async (directory) => {
      const file = new DataFile(directory, () => {});
      file.open(true);
      const synchronous = (): unknown => file.get('PRAGMA synchronous')?.['synchronous'];
      const [normal, full] = [1, 2];
      expect(file.transaction(synchronous)).toBe(normal);
      expect(file.durableTransaction(synchronous)).toBe(full);
      expect(synchronous()).toBe(normal);
      file.close();
    });
  });
});
