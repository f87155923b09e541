import { requestFrame } from '../browser.ts';
import { Connection } from '../connection/shell.ts';
import { listenToPage } from '../page-events.ts';
import { Painter } from '../painter.ts';
import { schedule, scheduleChained } from '../schedule.ts';
import type * as Api from './api.ts';
import { attempt } from './attempt.ts';
import { ClientTransport } from './client-transport.ts';
import { Messages } from './messages.ts';
import { ticketFor } from './token-ticket.ts';

declare const CLOCK_BUILD_NAME: string;

/** See `api.ts`. */
export const connect: typeof Api.connect = (options) => {
  const { token, ticket } = options;
  if ((token === undefined) === (ticket === undefined)) throw new TypeError('either ticket or token is required');
  const url = new URL(options.url);
  const messages = new Messages();
  const stateListeners = new Set<(state: Api.ClockState) => void>();
  let callbacks = new Set<(second: number) => void>();
  let isClosed = false;

  const now = (): number => performance.now();
  const transport = new ClientTransport({
    url,
    getTicket: ticket ?? (() => ticketFor(url, token)),
    channels: () => messages.channels.filter((channel) => channel !== 'time'),
    onFrame: (frame) => messages.receive(frame),
  });
  const connection = new Connection({
    openSocket: (events) => transport.openSocket(events),
    fetchState: (timeoutMs) => transport.fetchState(timeoutMs),
    now,
    wall: Date.now,
    random: Math.random,
    schedule: scheduleChained,
    build: CLOCK_BUILD_NAME,
    onFresh: (isFresh) => {
      if (isFresh) painter.start();
      else painter.stop();
    },
    onState: (state) => {
      for (const listener of stateListeners) attempt(() => listener(state));
    },
    onCommand: () => {},
  });
  const painter = new Painter({
    house: connection.house,
    now,
    schedule: scheduleChained,
    requestFrame,
    detectClockJump: () => connection.detectClockJump(),
    paint: (second) => {
      const due = callbacks;
      callbacks = new Set();
      const isDrawn = [...due].map((callback) => attempt(() => callback(second))).every(Boolean);
      if (isDrawn) connection.onDrawn();
    },
  });
  const stopListening = listenToPage(connection, () => painter.refresh());
  // In the next turn, so that the first handshake asks for the channels of the listeners that are added in this one.
  const cancelStart = schedule(() => connection.start(), 0);

  return {
    now: () => {
      connection.detectClockJump();
      return connection.house.now();
    },
    get errorMs() {
      return connection.house.errorMs;
    },
    get state() {
      return isClosed ? 'stale' : connection.state;
    },
    onState: (listener) => add(stateListeners, listener),
    onMessage: (channel, listener) => {
      const remove = messages.add(channel, listener);
      transport.onChannels();
      return remove;
    },
    nextSecond: (callback) => add(callbacks, callback),
    close: () => {
      isClosed = true;
      cancelStart();
      stopListening();
      painter.stop();
      connection.stop();
      messages.clear();
      stateListeners.clear();
    },
  };
};

/** The returned function removes it. */
function add<Callback>(callbacks: Set<Callback>, callback: Callback): () => void {
  callbacks.add(callback);
  return () => {
    callbacks.delete(callback);
  };
}
