import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { Backend } from '../../src/backend/backend.ts';
import { EmbeddedBackend } from '../../src/backend/embedded/embedded-backend.ts';
import { channels as periodicChannels } from '../../src/backends.ts';
import { Channels } from '../../src/channels/channels.ts';
import { Shows } from '../../src/channels/shows.ts';
import { silentLogger } from '../../src/logger.ts';
import { RedisServer } from './redis-server.ts';
import { redisBackendOf, WebApp } from './web-app.ts';

/** A web process, and channels and shows as a command on the host sees them. */
export interface World extends AsyncDisposable {
  app: WebApp;
  host: { channels: Channels; shows: Shows; publish(channel: string, json: string): Promise<unknown> };
}

/** Runs a suite with the embedded backend, and with Redis. */
export function withEachBackend(suite: (create: () => Promise<World>) => void): void {
  describe('with the embedded backend', () => {
    suite(async () => {
      const dataDir = await mkdtemp(join(tmpdir(), 'clock-channels-'));
      const backendOf = (exclusive: boolean) =>
        new EmbeddedBackend({ dataDir, channels: periodicChannels, log: silentLogger(), exclusive });
      return worldOf(backendOf(true), backendOf(false), () => rm(dataDir, { recursive: true }));
    });
  });

  describe('with Redis', () => {
    let server: RedisServer;
    beforeAll(async () => {
      server = await RedisServer.start();
    });
    afterAll(() => server.stop());

    suite(async () => {
      const prefix = `${randomUUID()}:`;
      return worldOf(redisBackendOf(server.url, prefix), redisBackendOf(server.url, prefix), async () => {});
    });
  });
}

/** `other`: the backend of a command. */
async function worldOf(backend: Backend, other: Backend, clean: () => Promise<void>): Promise<World> {
  const app = await WebApp.start({ backend });
  await other.start();
  const publish = (channel: string, json: string) => other.publications.publish({ channel, json });
  return {
    app,
    host: { channels: new Channels(other), shows: new Shows(other), publish },
    [Symbol.asyncDispose]: async () => {
      await other.stop();
      await app[Symbol.asyncDispose]();
      await clean();
    },
  };
}
