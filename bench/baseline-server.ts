/**
 * The baseline: bare uWebSockets.js and ioredis. It reads one key from Redis per handshake and relays the messages of
 * some pub/sub channels. It checks no signature, origin or rate, and has no metrics. It upgrades as Clock does, because
 * uWebSockets.js on its own cuts some sockets that are upgraded after a lookup.
 */
import { Redis } from 'ioredis';
import { silentLogger } from '../src/logger.ts';
import { Upgrades } from '../src/web/upgrades.ts';
import { loadUws } from '../src/web/uws.ts';

const [redisUrl = '', ...channels] = process.argv.slice(2);
const commands = new Redis(redisUrl);
const subscription = new Redis(redisUrl);
const uws = await loadUws();
const upgrades = new Upgrades(uws, silentLogger());
await upgrades.start();
const noData = {} as Parameters<Upgrades['upgrade']>[2];

const app = uws.App().ws('/time/tic/', {
  idleTimeout: 60,
  upgrade: async (res, req, context) => {
    let aborted = false;
    res.onAborted(() => (aborted = true));
    const key = req.getHeader('sec-websocket-key');
    const cookie = req.getHeader('cookie');
    await commands.get(`session:${cookie}`);
    if (!aborted) upgrades.upgrade(res, key, noData, context);
  },
  open: (socket) => {
    socket.subscribe('tick');
  },
});
await subscription.subscribe(...channels);
subscription.on('messageBuffer', (_channel: Buffer, message: Buffer) =>
  // A line before the frame is not for the sockets.
  app.publish('tick', message.subarray(message.indexOf('\n') + 1), false),
);
app.listen('127.0.0.1', 0, (listening) => {
  if (listening) process.stdout.write(`listening ${uws.us_socket_local_port(listening)}\n`);
});
