/** A server as users of `ws` write it: it sends each message of a Redis channel to each socket. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'ioredis';
import { WebSocketServer } from 'ws';

const [redisUrl = '', channel = ''] = process.argv.slice(2);
const subscription = new Redis(redisUrl);
const server = createServer();
const sockets = new WebSocketServer({ server });
await subscription.subscribe(channel);
subscription.on('message', (_channel, message) => {
  for (const socket of sockets.clients) socket.send(message);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
