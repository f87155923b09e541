import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { onFirstCores } from '../cores.ts';
import { type Peer, startParts, startProcess, stopProcess } from './peer.ts';
import { debianVersion } from './versions.ts';

const temporaryPaths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];

export const nchan: Peer = {
  id: 'nchan',
  describe: () => `nginx ${debianVersion('nginx')}, Nchan ${debianVersion('libnginx-mod-nchan')}`,
  access: 'anyone',
  feed: 'HTTP POST',
  start: () =>
    startParts(async (onStop) => {
      const port = await freePort();
      const directory = mkdtempSync(join(tmpdir(), 'clock-nchan-'));
      onStop(() => rmSync(directory, { recursive: true, force: true }));
      const file = join(directory, 'nginx.conf');
      writeFileSync(file, configuration(directory, port));
      const command = ['nginx', '-p', directory, '-e', 'stderr', '-c', file];
      const { child, match } = await startProcess(onFirstCores(command), /start worker process (\d+)/, {
        env: { PATH: `${process.env['PATH']}:/usr/sbin` },
      });
      onStop(() => stopProcess(child));
      return {
        target: { port, path: '/time/tic/' },
        pids: [Number(match[1])],
        publish: (body) =>
          fetch(`http://127.0.0.1:${port}/publish`, { method: 'POST', body }).then((res) => res.text()),
      };
    }),
};

function configuration(directory: string, port: number): string {
  return `
    daemon off; pid ${directory}/pid; error_log stderr notice;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
    worker_processes 1; worker_rlimit_nofile 20000;
    events { worker_connections 19000; }
    http {
      access_log off;
      ${temporaryPaths.map((name) => `${name}_temp_path ${directory}/${name};`).join(' ')}
      server {
        listen 127.0.0.1:${port} backlog=4096;
        location = /time/tic/ { nchan_subscriber websocket; nchan_channel_id time; nchan_subscriber_first_message newest; }
        location = /publish { nchan_publisher; nchan_channel_id time; nchan_message_buffer_length 1; }
      }
    }`;
}
