import WebSocket from 'ws';
import type { Tick } from '../../src/protocol.ts';
import { until } from './until.ts';
import { waitUntilReady } from './wait-until-ready.ts';

const formType = { 'Content-Type': 'application/x-www-form-urlencoded' };

/** A minimal browser: stores cookies, submits forms, opens sockets. */
export class Client {
  readonly url: string;
  readonly cookies = new Map<string, string>();

  constructor(url: string) {
    this.url = url;
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (this.cookies.size > 0 && !headers.has('cookie')) headers.set('cookie', this.cookieHeader());
    const response = await fetch(this.url + path, { redirect: 'manual', ...init, headers });
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = ''] = cookie.split(';');
      const cut = pair.indexOf('=');
      if (/max-age=0(;|$)/i.test(cookie)) this.cookies.delete(pair.slice(0, cut));
      else this.cookies.set(pair.slice(0, cut), pair.slice(cut + 1));
    }
    return response;
  }

  cookieHeader(): string {
    return [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  /** Loads the sign-in form for its CSRF token if need be, then submits a form with it. */
  async post(path: string, fields: Record<string, string>, headers: Record<string, string> = {}): Promise<Response> {
    if (!this.cookies.has('csrftoken')) await (await this.fetch('/accounts/login/')).arrayBuffer();
    const body = new URLSearchParams({ csrfmiddlewaretoken: this.cookies.get('csrftoken') ?? '', ...fields });
    return this.fetch(path, { method: 'POST', headers: { ...formType, ...headers }, body: body.toString() });
  }

  async signIn(username: string, password: string): Promise<Response> {
    return this.post('/accounts/login/', { username, password });
  }

  /** Signs in when the server is ready. */
  async signInWhenReady(username: string, password: string): Promise<Response> {
    await waitUntilReady((path) => this.fetch(path));
    return this.signIn(username, password);
  }

  async signOut(): Promise<Response> {
    return this.post('/accounts/logout/', {});
  }

  /** Opens a socket with this client's cookies. Rejects with `Refused` if the handshake is refused. */
  async connect(query = '', headers: Record<string, string> = {}): Promise<TestSocket> {
    const all = { ...(this.cookies.size > 0 ? { cookie: this.cookieHeader() } : {}), ...headers };
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/time/tic/${query}`, { headers: all });
    const connected = new TestSocket(socket);
    await connected.opened;
    return connected;
  }
}

/** A handshake that was not answered with 101. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the handshake was refused with ${status}`);
    this.status = status;
  }
}

/** A socket and the frames that were received and not yet read. */
export class TestSocket implements Disposable {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  /** The close code. */
  readonly closed: Promise<number>;
  readonly frames: string[] = [];

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => {
      if (!isBinary) this.frames.push(data.toString());
    });
    this.closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
    this.opened = new Promise((resolve, reject) => {
      socket.once('open', () => resolve());
      socket.once('unexpected-response', (request, response) => {
        request.destroy();
        reject(new Refused(response.statusCode ?? 0));
      });
      socket.once('error', reject);
    });
    this.opened.catch(() => {});
    socket.on('error', () => {});
  }

  /** The next frame. */
  async next(limitMs?: number): Promise<string> {
    return until(() => this.frames.shift(), 'a frame comes', limitMs);
  }

  /** The next tick of a channel; other frames are skipped. */
  async nextTick(channel = 'time', limitMs?: number): Promise<Tick> {
    for (;;) {
      const { message, channel: name } = JSON.parse(await this.next(limitMs));
      if (name === channel) return { channel, text: message[channel], at: message.at, seq: message.seq };
    }
  }

  send(text: string | Uint8Array): void {
    this.socket.send(text);
  }

  [Symbol.dispose](): void {
    this.socket.terminate();
  }
}
