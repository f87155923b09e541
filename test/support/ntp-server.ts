import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { queryNtp } from '../../src/authority/query-ntp.ts';
import type { NtpServer } from '../../src/authority/options.ts';
import { HostTime } from '../../src/time/house-time.ts';
import { until } from './until.ts';

const unixEpochInNtp = 2_208_988_800;

/** What an answer says. Times are epoch ms, durations ms. */
export interface AnswerFields {
  leap?: number;
  mode?: number;
  stratum?: number;
  code?: string;
  rootDelayMs?: number;
  rootDispersionMs?: number;
  nonce?: Uint8Array;
  receivedAt?: number;
  sentAt?: number;
}

/** Encodes an answer: by default a good one from a server of stratum 2. */
export function encodeAnswer(fields: AnswerFields & { nonce: Uint8Array }): Uint8Array {
  const { leap = 0, mode = 4, stratum = 2, code = '', rootDelayMs = 0, rootDispersionMs = 0 } = fields;
  const packet = Buffer.alloc(48);
  packet[0] = (leap << 6) | (4 << 3) | mode;
  packet[1] = stratum;
  packet.writeInt32BE(Math.round((rootDelayMs / 1_000) * 2 ** 16), 4);
  packet.writeUInt32BE(Math.round((rootDispersionMs / 1_000) * 2 ** 16), 8);
  packet.write(code, 12, 'latin1');
  packet.set(fields.nonce, 24);
  writeTime(packet, 32, fields.receivedAt ?? 0);
  writeTime(packet, 40, fields.sentAt ?? 0);
  return packet;
}

function writeTime(packet: Buffer, offset: number, ms: number): void {
  if (ms === 0) return;
  const seconds = Math.floor(ms / 1_000);
  // Seconds after the first NTP era begin anew at 0.
  packet.writeUInt32BE((seconds + unixEpochInNtp) % 2 ** 32, offset);
  packet.writeUInt32BE(Math.floor(((ms - seconds * 1_000) / 1_000) * 2 ** 32), offset + 4);
}

type Reply = (send: (fields?: AnswerFields, socket?: Socket) => void, request: Buffer, from: RemoteInfo) => void;

/**
 * How far `HostTime` may be from the clock of this host. Two servers of one host would contradict each other without it,
 * since the exchanges over loopback take a fraction of it.
 */
const rootDispersionMs = 1;

/** An NTP server whose clock is that of this host plus `aheadMs`, and which answers as a test wants. */
export class FakeNtpServer implements AsyncDisposable {
  aheadMs = 0;
  /** Sends the responses to a request. */
  reply: Reply = (send) => send();
  requests: Buffer[] = [];
  readonly server: NtpServer;
  readonly #socket: Socket;
  readonly #time = new HostTime();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.server = { host: socket.address().address, port: socket.address().port };
    socket.on('message', (request, from) => {
      this.requests.push(request);
      const receivedAt = this.#now();
      const send = (fields: AnswerFields = {}, other = socket): void => {
        const times = { receivedAt, sentAt: this.#now(), rootDispersionMs };
        const packet = encodeAnswer({ nonce: request.subarray(40), ...times, ...fields });
        other.send(packet, from.port, from.address);
      };
      this.reply(send, request, from);
    });
  }

  static async start(host = '127.0.0.1', port = 0): Promise<FakeNtpServer> {
    return new FakeNtpServer(await boundSocket(host, port));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  #now(): number {
    return this.#time.now() + this.aheadMs;
  }
}

/** A UDP socket, by default on a free port. */
export async function boundSocket(host = '127.0.0.1', port = 0): Promise<Socket> {
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.bind(port, host);
  await once(socket, 'listening');
  return socket;
}

/** Debian's chrony as a server of stratum 3 with the time of this host, which it never sets. */
export class Chrony implements AsyncDisposable {
  readonly server: NtpServer;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(server: NtpServer, process: ChildProcess, folder: string) {
    this.server = server;
    this.#process = process;
    this.#folder = folder;
  }

  static async start(port: number): Promise<Chrony> {
    const folder = mkdtempSync(join(tmpdir(), 'clock-chrony-'));
    const lines = ['local stratum 3', `port ${port}`, 'bindaddress 127.0.0.1', 'allow 127.0.0.1', 'cmdport 0'];
    const files = ['bindcmdaddress /', `pidfile ${folder}/pid`, `driftfile ${folder}/drift`];
    writeFileSync(join(folder, 'chrony.conf'), [...lines, ...files, ''].join('\n'));
    const options = [
      '-x',
      '-d',
      '-f',
      join(folder, 'chrony.conf'),
      ...(process.getuid?.() === 0 ? ['-u', 'root'] : []),
    ];
    const child = spawn('chronyd', options, {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    });
    const chrony = new Chrony({ host: '127.0.0.1', port }, child, folder);
    const never = new AbortController().signal;
    const answers = async (): Promise<boolean> => (await queryNtp(chrony.server, never)).kind === 'time';
    await until(answers, 'chronyd answers; install the Debian package chrony', 20_000, 100);
    return chrony;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exited = once(this.#process, 'exit');
    this.#process.kill();
    await exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
