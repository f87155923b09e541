import type { CredentialKind } from '../auth/jwt.ts';
import type { Session } from '../auth/session.ts';
import type { RosterChanges } from '../backend/backend.ts';
import type { ScreenStatus } from '../protocol.ts';
import type { HouseTime } from '../time/house-time.ts';
import { isMaterialChange, isWrong, type RosterRow, type SocketState } from './roster-row.ts';
import { isScreenKind } from './screens.ts';

const silentAfterMs = 45_000;
const sweepEveryMs = 5_000;
/** More changes wait for the next report, a second later. */
const maxRowsPerReport = 2_000;
/** A screen that is away for less is reconnecting. */
const departedAfterMs = 60_000;

/** An open socket. `lastMessageAt` is monotonic, ms. */
export interface RosterConnection {
  readonly key: string;
  readonly session: Pick<Session, 'kind' | 'jti' | 'account' | 'recordId'>;
  readonly address: string;
  readonly since: number;
  lastMessageAt: number;
  isSilent: boolean;
  /** As last reported by this process; null before any status. */
  status: ScreenStatus | null;
}

/** A screen or link whose last socket in this process was closed. */
export interface Departure {
  kind: CredentialKind;
  id: string;
  /** When it last sent a message, epoch ms. */
  seenAt: number;
}

export interface RosterOptions {
  /** The build of this process. */
  build: string;
  time: Pick<HouseTime, 'now'>;
  /** Monotonic ms. */
  monotonicNow?: () => number;
}

/** This process's part of the roster: one row per paired screen, and one per other socket. */
export class Roster {
  readonly #build: string;
  readonly #time: Pick<HouseTime, 'now'>;
  readonly #monotonicNow: () => number;
  /** The connections of each row, the newest last. */
  readonly #rows = new Map<string, RosterConnection[]>();
  readonly #changed = new Set<string>();
  readonly #departed = new Map<string, { connection: RosterConnection; at: number }>();
  /** The keys of the last report, until it is confirmed. */
  #reporting: string[] = [];
  #version = 0;
  #sweptAt = 0;
  #opened = 0;

  constructor({ build, time, monotonicNow = () => performance.now() }: RosterOptions) {
    this.#build = build;
    this.#time = time;
    this.#monotonicNow = monotonicNow;
  }

  open(session: RosterConnection['session'], address: string): RosterConnection {
    const key = session.kind === 'screen' ? session.recordId : String((this.#opened += 1));
    const since = Math.floor(this.#time.now());
    const lastMessageAt = this.#monotonicNow();
    const connection: RosterConnection = { key, session, address, since, lastMessageAt, isSilent: false, status: null };
    const others = this.#rows.get(key);
    if (others === undefined) this.#rows.set(key, [connection]);
    else others.push(connection);
    this.#departed.delete(session.recordId);
    this.#changed.add(key);
    return connection;
  }

  /** To be called with each message of the socket; `status` is null for messages of another kind. */
  onMessage(connection: RosterConnection, status: ScreenStatus | null): void {
    connection.lastMessageAt = this.#monotonicNow();
    if (connection.isSilent) {
      connection.isSilent = false;
      this.#changed.add(connection.key);
    }
    if (status === null || !isChanged(connection.status, status)) return;
    // Most screens have the same build: they share one string.
    connection.status = status.build === this.#build ? { ...status, build: this.#build } : status;
    this.#changed.add(connection.key);
  }

  close(connection: RosterConnection): void {
    const { key, session } = connection;
    const connections = this.#rows.get(key);
    const index = connections?.indexOf(connection) ?? -1;
    if (connections === undefined || index === -1) return;
    connections.splice(index, 1);
    this.#changed.add(key);
    if (connections.length > 0) return;
    this.#rows.delete(key);
    if (isScreenKind(session.kind)) this.#departed.set(session.recordId, { connection, at: this.#monotonicNow() });
  }

  /** What changed since the last confirmed report, except for changes beyond the limit of a report. */
  changes(): RosterChanges {
    this.#sweep();
    for (const key of this.#reporting) this.#changed.add(key);
    const rows: Record<string, RosterRow | null> = {};
    this.#reporting = [];
    for (const key of this.#changed) {
      if (this.#reporting.length === maxRowsPerReport) break;
      this.#reporting.push(key);
      this.#changed.delete(key);
      rows[key] = this.#rowOf(key);
    }
    return { after: this.#version, rows };
  }

  /** Confirms the report of `changes`. Version 0 means that all rows must be sent again. */
  confirm(version: number): void {
    this.#version = version;
    this.#reporting = [];
    if (version !== 0) return;
    this.#changed.clear();
    for (const key of this.#rows.keys()) this.#changed.add(key);
  }

  /** Returns and forgets up to `max` screens and links that did not return to this process for a minute. */
  takeDeparted(max: number): Departure[] {
    const now = this.#monotonicNow();
    const taken: Departure[] = [];
    for (const [id, { connection, at }] of this.#departed) {
      if (taken.length >= max || now - at < departedAfterMs) break;
      this.#departed.delete(id);
      taken.push({ kind: connection.session.kind, id, seenAt: this.#seenAt(connection) });
    }
    return taken;
  }

  /** The kind, id and state of each open socket; the state is `wrong` if the page claims a time that may be wrong. */
  *sockets(): Iterable<{ kind: CredentialKind; id: string; state: SocketState | 'wrong' }> {
    for (const connections of this.#rows.values()) {
      for (const connection of connections) {
        const { session, status } = connection;
        const state = stateOf(connection);
        const isBad = status !== null && isWrong({ ...status, state });
        yield { kind: session.kind, id: session.recordId, state: isBad ? 'wrong' : state };
      }
    }
  }

  #rowOf(key: string): RosterRow | null {
    const connections = this.#rows.get(key);
    const connection = connections?.at(-1);
    if (connections === undefined || connection === undefined) return null;
    const { session, address, since, status } = connection;
    const isScreen = isScreenKind(session.kind);
    return {
      kind: session.kind,
      id: isScreen ? session.recordId : session.jti,
      ...(isScreen ? {} : { account: session.account, recordId: session.recordId }),
      address,
      state: stateOf(connection),
      build: status?.build ?? null,
      ...(status === null || status.build === this.#build ? {} : { isOldBuild: true }),
      offsetMs: roundToTenth(status?.offsetMs ?? null),
      errorMs: roundToTenth(status?.errorMs ?? null),
      ...(status?.differs === true ? { differs: true } : {}),
      since,
      seenAt: this.#seenAt(connection),
      connections: connections.length,
    };
  }

  #seenAt({ lastMessageAt }: RosterConnection): number {
    return Math.floor(this.#time.now() - (this.#monotonicNow() - lastMessageAt));
  }

  #sweep(): void {
    const now = this.#monotonicNow();
    if (now - this.#sweptAt < sweepEveryMs) return;
    this.#sweptAt = now;
    for (const [key, connections] of this.#rows) {
      for (const connection of connections) {
        if (connection.isSilent || now - connection.lastMessageAt <= silentAfterMs || !mustReport(connection)) continue;
        connection.isSilent = true;
        this.#changed.add(key);
      }
    }
  }
}

/** Whether silence is a problem: a screen shows Clock's page, which reports its status. A program need not. */
function mustReport({ session, status }: RosterConnection): boolean {
  return isScreenKind(session.kind) || status !== null;
}

function stateOf({ isSilent, status }: RosterConnection): SocketState {
  if (isSilent) return 'silent';
  if (status === null) return 'connected';
  // A page that is signed out closes its socket.
  return status.state === 'signed-out' ? 'connecting' : status.state;
}

function isChanged(before: ScreenStatus | null, after: ScreenStatus): boolean {
  return (
    before === null ||
    before.state !== after.state ||
    before.build !== after.build ||
    before.differs !== after.differs ||
    isMaterialChange(before.offsetMs, after.offsetMs) ||
    isMaterialChange(before.errorMs, after.errorMs)
  );
}

function roundToTenth(value: number | null): number | null {
  return value === null ? null : Number(value.toFixed(1));
}
