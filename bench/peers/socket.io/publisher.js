/** Emits each line of standard input, a JSON text, to all sockets of all servers. */
import { createInterface } from 'node:readline';
import { Emitter } from '@socket.io/redis-emitter';
import { Redis } from 'ioredis';

const redis = new Redis(process.argv[2]);
const emitter = new Emitter(redis);
redis.once('ready', () => process.stdout.write('ready\n'));
createInterface({ input: process.stdin }).on('line', (line) => {
  emitter.emit('time', JSON.parse(line));
});
