/** The process of `Readers`: the kernel collects the frames of its sockets, and it reads them a few times a second. */
import { runInBackground } from '../src/background.ts';
import { openClients } from './clients.ts';
import type { ReadersRequest } from './readers.ts';

const readEveryMs = 250;

async function open({ port, count, query, cookie }: ReadersRequest): Promise<void> {
  const clients = await openClients(port, count, query, cookie, readEveryMs);
  let frames = 0;
  process.on('message', () => process.send?.((frames += clients.framesSinceLast())));
  process.send?.('open');
}

process.once('message', (request: ReadersRequest) => runInBackground(open(request)));
process.on('disconnect', () => process.exit());
