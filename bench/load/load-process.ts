/** The process of a `LoadClient`. Its parent sends one request at a time. */
import type { LoadRequest, LoadResponse } from './load-client.ts';
import { LoadSockets } from './load-sockets.ts';

let sockets: LoadSockets | undefined;

async function respond(request: LoadRequest): Promise<LoadResponse> {
  try {
    if (request.name === 'open') {
      sockets ??= new LoadSockets(request.target, request.localAddress);
      await sockets.open(request.count);
    } else if (request.name === 'reset') {
      sockets?.reset();
    } else if (request.name === 'close') {
      sockets?.close();
      sockets = undefined;
    }
    return { size: sockets?.size ?? 0, arrivals: request.name === 'report' ? sockets?.arrivals() : undefined };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

process.on('message', (request: LoadRequest) => {
  respond(request).then(
    (response) => process.send?.(response),
    () => process.exit(1),
  );
});
process.on('disconnect', () => process.exit(0));
