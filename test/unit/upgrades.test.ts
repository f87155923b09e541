import { expect, test } from 'vitest';
import { Upgrades } from '../../src/web/upgrades.ts';
import type { Uws } from '../../src/web/uws.ts';
import { recordedLog } from '../support/recorded-log.ts';

test('upgrades warn on a host without loopback, and work', async () => {
  const { log, lines } = recordedLog();
  const tried: string[] = [];
  const app = {
    get: () => {},
    listen: (host: string, _port: number, _options: number, onListen: (socket: false) => void) => {
      tried.push(host);
      onListen(false);
    },
    close: () => tried.push('closed'),
  };
  const upgrades = new Upgrades({ App: () => app } as unknown as Uws, log);
  await upgrades.start();
  expect(lines).toMatchObject([{ level: 40, msg: expect.stringMatching(/^cannot listen on 127\.0\.0\.1 or ::1/) }]);
  const steps: string[] = [];
  const res = {
    cork: (run: () => void) => run(),
    writeStatus: (status: string) => steps.push(status),
    upgrade: () => steps.push('upgraded'),
  };
  upgrades.upgrade(res as never, 'key', {} as never, {} as never);
  expect(steps).toEqual(['101 Switching Protocols', 'upgraded']);
  await upgrades.stop();
  expect(tried).toEqual(['127.0.0.1', '::1', 'closed']);
});
