import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ClientTransport } from '../../src/client/clock-client/client-transport.ts';
import { Messages } from '../../src/client/clock-client/messages.ts';
import { closeCode } from '../../src/protocol.ts';

const frame = (channel: string, value: unknown, at: number, seq = at): string =>
  JSON.stringify({ message: { [channel]: value, at, seq }, channel });

describe('the messages', () => {
  test('are delivered to the listeners of their channel, texts and JSON values alike', () => {
    const messages = new Messages();
    const received: unknown[] = [];
    messages.add('news', (value, info) => received.push([value, info]));
    messages.receive(frame('news', 'Doors open', 1, 2));
    messages.receive(frame('other', 'x', 2));
    messages.receive(frame('news', { gate: 4 }, 3));
    messages.receive('{"sync":{"echo":1}}');
    expect(received).toEqual([
      ['Doors open', { at: 1, seq: 2 }],
      [{ gate: 4 }, { at: 3, seq: 3 }],
    ]);
    expect(messages.channels).toEqual(['news']);
  });

  test('are not delivered again after a reconnect, but after another message', () => {
    const messages = new Messages();
    const received: unknown[] = [];
    messages.add('show', (value) => received.push(value));
    for (const value of ['everybody', 'everybody', 'group', 'everybody']) {
      messages.receive(frame('show', value, value.length));
    }
    expect(received).toEqual(['everybody', 'group', 'everybody']);
  });

  test('reach a listener that is added later, and none that was removed', async () => {
    const messages = new Messages();
    messages.receive(frame('news', 'first', 1));
    const received: unknown[] = [];
    const remove = messages.add('news', (value) => received.push(value));
    messages.add('news', (value) => received.push(value))();
    await Promise.resolve();
    remove();
    messages.receive(frame('news', 'second', 2));
    expect(received).toEqual(['first']);
  });
});

describe('the transport', () => {
  let socketCount: number;
  let onSocket: (socket: FakeSocket) => void;
  let channels: string[];
  let tickets: (() => Promise<string>)[];
  let transport: ClientTransport;
  let events: string[];

  beforeEach(() => {
    socketCount = 0;
    onSocket = () => {};
    channels = [];
    tickets = [];
    events = [];
    vi.stubGlobal(
      'WebSocket',
      class extends FakeSocket {
        constructor(address: string) {
          super(address);
          socketCount += 1;
          onSocket(this);
        }
      },
    );
    const messages = new Messages();
    transport = new ClientTransport({
      url: new URL('https://clock.example.org/any/path'),
      getTicket: () => (tickets.shift() ?? (() => Promise.resolve(`ticket-${socketCount}`)))(),
      channels: () => channels,
      onFrame: (text) => messages.receive(text),
    });
  });

  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  async function open(): Promise<FakeSocket> {
    const opened = new Promise<FakeSocket>((resolve) => (onSocket = resolve));
    transport.openSocket({
      opened: () => events.push('opened'),
      received: (text) => events.push(text),
      closed: (code) => events.push(`closed ${code}`),
    });
    return opened;
  }

  test('opens a socket with a ticket and the channels that have listeners', async () => {
    channels = ['news', 'show'];
    const { url } = await open();
    expect(url.origin + url.pathname).toBe('wss://clock.example.org/time/tic/');
    expect(Object.fromEntries(url.searchParams)).toEqual({
      every: '1000',
      channels: 'time,news,show',
      ticket: 'ticket-0',
    });
  });

  test('passes on ticks of the time and what is no message, since other messages show no time', async () => {
    const socket = await open();
    socket.onopen();
    for (const data of [frame('time', '12:00:00', 1_000), frame('news', '12:00:01', 2_000), '{"sync":{}}']) {
      socket.onmessage({ data });
    }
    expect(events).toEqual(['opened', frame('time', '12:00:00', 1_000), '{"sync":{}}']);
  });

  test('replaces an open socket if a channel is added', async () => {
    const socket = await open();
    socket.onopen();
    transport.onChannels();
    expect(events).toEqual(['opened']);
    channels = ['news'];
    transport.onChannels();
    expect(events).toEqual(['opened', `closed ${closeCode.goingAway}`]);
    expect(socket.isClosed).toBe(true);
    expect((await open()).url.searchParams.get('channels')).toBe('time,news');
  });

  test('leaves out the channels after two refused handshakes, and requests them again later', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue();
    channels = ['unknown'];
    for (let refused = 0; refused < 2; refused += 1) (await open()).onclose({ code: 1006 });
    const socket = await open();
    expect(socket.url.searchParams.has('channels')).toBe(false);
    socket.onopen();
    expect(warn).toHaveBeenCalledWith('Clock: cannot read unknown');
    socket.onclose({ code: 1006 });
    expect((await open()).url.searchParams.get('channels')).toBe('time,unknown');
  });

  test('reports a failed handshake if there is no ticket', async () => {
    tickets = [() => Promise.reject(new Error('away'))];
    transport.openSocket({ opened: () => {}, received: () => {}, closed: (code) => events.push(`closed ${code}`) });
    await vi.waitFor(() => expect(events).toEqual(['closed 1006']));
  });

  test('uses the ticket of a state request for the next handshake', async () => {
    tickets = [() => Promise.resolve('asked')];
    expect(await transport.fetchState(1_000)).toMatchObject({ status: 200, state: { interval: 1 } });
    expect((await open()).url.searchParams.get('ticket')).toBe('asked');
    expect((await open()).url.searchParams.get('ticket')).toBe('ticket-1');
  });

  test.each([
    [401, 401],
    [403, 403],
    [503, 0],
    [undefined, 0],
  ])('answers a state request with the status of a refused ticket: %s', async (status, answered) => {
    tickets = [() => Promise.reject(Object.assign(new Error('refused'), { status }))];
    expect(await transport.fetchState(1_000)).toEqual({ status: answered, retryAfterMs: null, state: null });
  });

  test('answers a state request from the ticks while the socket is open', async () => {
    const socket = await open();
    socket.onopen();
    tickets = [() => Promise.reject(new Error('not needed'))];
    expect((await transport.fetchState(1_000)).state?.interval).toBe(1);
    for (const at of [10_000, 25_000, 30_000]) socket.onmessage({ data: frame('time', '12:00:00', at) });
    expect((await transport.fetchState(1_000)).state).toMatchObject({ interval: 5_000, at: 30_000 });
  });
});

class FakeSocket {
  readonly url: URL;
  isClosed = false;
  onopen = (): void => {};
  onmessage = (_event: { data: string }): void => {};
  onclose = (_event: { code: number }): void => {};

  constructor(address: string) {
    this.url = new URL(address);
  }

  close(): void {
    this.isClosed = true;
  }
}
