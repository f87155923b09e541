/** A socket.io server with the Redis adapter, as in its documentation. ioredis comes from the project. */
import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';

const commands = new Redis(process.argv[2]);
const server = createServer();
const io = new Server({ adapter: createAdapter(commands, commands.duplicate()) });
io.attach(server);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`listening ${server.address().port}\n`);
});
