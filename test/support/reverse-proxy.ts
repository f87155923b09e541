import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Certificate } from './certificate.ts';
import { blocksIn, withReplaced } from './docs-blocks.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

export interface ReverseProxy extends AsyncDisposable {
  /** `https://localhost:port` */
  url: string;
  /** The port for HTTP without TLS. */
  plainPort: number;
}

/** Starts nginx with the configuration from `docs/nginx.md` or another page, with these texts replaced, on free ports. */
export async function startNginx(
  webPort: number,
  { certFile, keyFile }: Certificate,
  { page = 'nginx', replace = {} }: { page?: string; replace?: Record<string, string> } = {},
): Promise<ReverseProxy> {
  const [port, plainPort] = [await freePort(), await freePort()];
  const directory = mkdtempSync(join(tmpdir(), 'clock-nginx-'));
  const configuration = withReplaced(withReplaced(configurationIn(page, 'nginx'), replace), {
    'listen 80;': `listen 127.0.0.1:${plainPort};`,
    'listen 443 ssl;': `listen 127.0.0.1:${port} ssl;`,
    '127.0.0.1:8000': `127.0.0.1:${webPort}`,
    '/etc/ssl/clock/cert.pem': certFile,
    '/etc/ssl/clock/key.pem': keyFile,
  });
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${directory}/${name};`,
  );
  const file = `
    daemon off; pid ${directory}/pid; error_log stderr;
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    events {}
    http { access_log off; ${temporary.join(' ')} ${configuration} }`;
  writeFileSync(join(directory, 'nginx.conf'), file);
  const args = ['-p', directory, '-e', 'stderr', '-c', join(directory, 'nginx.conf')];
  return start('nginx', args, directory, port, plainPort);
}

/** Starts HAProxy with the configuration from `docs/haproxy.md`, on free ports. */
export async function startHaproxy(webPort: number, { certFile, keyFile }: Certificate): Promise<ReverseProxy> {
  const [port, plainPort] = [await freePort(), await freePort()];
  const directory = mkdtempSync(join(tmpdir(), 'clock-haproxy-'));
  const pem = join(directory, 'clock.pem');
  writeFileSync(pem, readFileSync(certFile, 'utf8') + readFileSync(keyFile, 'utf8'));
  const configuration = withReplaced(configurationIn('haproxy', 'haproxy'), {
    'bind :80': `bind 127.0.0.1:${plainPort}`,
    'bind :443': `bind 127.0.0.1:${port}`,
    '127.0.0.1:8000': `127.0.0.1:${webPort}`,
    '/etc/haproxy/clock.pem': pem,
  });
  writeFileSync(join(directory, 'haproxy.cfg'), configuration);
  return start('haproxy', ['-db', '-f', join(directory, 'haproxy.cfg')], directory, port, plainPort);
}

/** Starts Caddy with the configuration from `docs/caddy.md`, on free ports. */
export async function startCaddy(webPort: number, { certFile, keyFile }: Certificate): Promise<ReverseProxy> {
  const [port, plainPort] = [await freePort(), await freePort()];
  const directory = mkdtempSync(join(tmpdir(), 'clock-caddy-'));
  const site = withReplaced(configurationIn('caddy', 'caddy'), {
    'clock.example.org {': `localhost, 127.0.0.1 {\n\ttls ${certFile} ${keyFile}`,
    '127.0.0.1:8000': `127.0.0.1:${webPort}`,
    // Debian 12 has Caddy 2.6.
    'stream_close_delay 24h': '',
  });
  const global = `{\n\tadmin off\n\thttp_port ${plainPort}\n\thttps_port ${port}\n\tdefault_bind 127.0.0.1\n}\n`;
  const file = join(directory, 'Caddyfile');
  writeFileSync(file, global + site);
  const args = ['run', '--adapter', 'caddyfile', '--config', file];
  return start('caddy', args, directory, port, plainPort);
}

/** Returns the only block of this language on the page of this name. */
function configurationIn(page: string, language: string): string {
  const [only, ...others] = blocksIn(page, language);
  if (only === undefined || others.length > 0)
    throw new Error(`docs/${page}.md must have exactly one ${language} block`);
  return only;
}

async function start(
  program: string,
  args: readonly string[],
  directory: string,
  port: number,
  plainPort: number,
): Promise<ReverseProxy> {
  // Debian installs both in /usr/sbin, which is not on every PATH.
  const env = { PATH: `${process.env['PATH']}:/usr/sbin`, HOME: directory };
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const errors: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text));
  const ended = once(child, 'exit');
  const failed = ended.then(() => {
    throw new Error(`${program} ended: ${errors.join('')}`);
  });
  failed.catch(() => {});
  await Promise.race([until(() => listens(port), `${program} listens`), failed]);
  return {
    url: `https://localhost:${port}`,
    plainPort,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
