/**
 * What the handshakes of `clock web` are compared with: bare uWebSockets.js, which checks no signature, origin or rate.
 * The second argument says how it upgrades:
 *
 *   now      in the turn of the request, without a lookup
 *   bare     after a lookup in Redis, as its documentation shows; this build then cuts some sockets
 *   sound    after a lookup in Redis, in the way that Clock does it
 *
 * It refuses a request without a cookie in its own turn.
 */
import { Redis } from 'ioredis';
import { silentLogger } from '../src/logger.ts';
import { Upgrades } from '../src/web/upgrades.ts';
import { loadUws } from '../src/web/uws.ts';

const [redisUrl = '', mode] = process.argv.slice(2);
const commands = new Redis(redisUrl);
const uws = await loadUws();
const upgrades = new Upgrades(uws, silentLogger());
await upgrades.start();
const noData = {} as Parameters<Upgrades['upgrade']>[2];

uws
  .App()
  .ws('/time/tic/', {
    idleTimeout: 60,
    upgrade: async (res, req, context) => {
      const cookie = req.getHeader('cookie');
      const key = req.getHeader('sec-websocket-key');
      if (cookie === '') {
        res.writeStatus('401 Unauthorized').end();
        return;
      }
      if (mode === 'now') {
        res.upgrade(noData, key, '', '', context);
        return;
      }
      let aborted = false;
      res.onAborted(() => (aborted = true));
      await commands.get(`session:${cookie}`);
      if (aborted) return;
      if (mode === 'sound') upgrades.upgrade(res, key, noData, context);
      else res.cork(() => res.upgrade(noData, key, '', '', context));
    },
    open: (socket) => {
      socket.subscribe('tick');
    },
  })
  .listen('127.0.0.1', 0, (listening) => {
    if (listening) process.stdout.write(`listening ${uws.us_socket_local_port(listening)}\n`);
  });
