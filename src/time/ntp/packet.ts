import type { Exchange } from '../offset.ts';

/** The response of a server. */
export type NtpResponse =
  /** `rootDistanceMs`: the error bound of the server's clock against UTC. */
  | { kind: 'time'; exchange: Exchange; rootDistanceMs: number }
  /** The server demands a lower rate or refuses queries (a kiss-o'-death packet). */
  | { kind: 'kiss'; code: string }
  | { kind: 'refused'; reason: string };

/** A packet of RFC 4330 without authentication. */
const packetBytes = 48;
const clientMode = 3;
const serverMode = 4;
const version = 4;
const alarm = 3;
const maxStratum = 15;
const maxRootDistanceMs = 1_000;
/** Codes of a server that is not synchronized yet and may be queried again. */
const notYetSynchronized = new Set(['INIT', 'STEP']);

/** The first second of an NTP era, epoch seconds: 1900-01-01 and 2036-02-07T06:28:16Z. */
const firstEra = -2_208_988_800;
const secondEra = firstEra + 2 ** 32;

/**
 * A request. `nonce` has 8 random bytes, which the server returns: they distinguish its response from a forged or an old
 * one. The time of this host is not sent.
 */
export function createRequest(nonce: Uint8Array): Uint8Array {
  const packet = new Uint8Array(packetBytes);
  packet[0] = (version << 3) | clientMode;
  packet.set(nonce, 40);
  return packet;
}

/** Null for a packet that does not return the nonce: the response may still arrive. */
export function parseResponse(
  packet: Uint8Array,
  nonce: Uint8Array,
  sentAt: number,
  arrivedAt: number,
): NtpResponse | null {
  if (packet.length < packetBytes || nonce.some((byte, index) => packet[24 + index] !== byte)) return null;
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  const first = view.getUint8(0);
  const stratum = view.getUint8(1);
  if ((first & 7) !== serverMode) return refused(`mode ${first & 7}`);
  if (stratum === 0) return withoutStratum(packet);
  if (stratum > maxStratum || first >> 6 === alarm) return notSynchronized(stratum);
  const rootDelayMs = (view.getInt32(4) / 2 ** 16) * 1_000;
  const rootDistanceMs = rootDelayMs / 2 + (view.getUint32(8) / 2 ** 16) * 1_000;
  if (rootDelayMs < 0) return refused('a negative root delay');
  if (rootDistanceMs >= maxRootDistanceMs) return refused(`a root distance of ${Math.round(rootDistanceMs)} ms`);
  const received = readTime(view, 32);
  const sent = readTime(view, 40);
  if (received === null || sent === null) return refused('no time');
  if (sent < received || sent - received > arrivedAt - sentAt) return refused('times that contradict its delay');
  return { kind: 'time', exchange: { sentAt, received, sent, arrivedAt }, rootDistanceMs };
}

function withoutStratum(packet: Uint8Array): NtpResponse {
  const code = String.fromCharCode(...packet.subarray(12, 16));
  const isKiss = /^[A-Z]{4}$/.test(code) && !notYetSynchronized.has(code);
  return isKiss ? { kind: 'kiss', code } : notSynchronized(0);
}

function notSynchronized(stratum: number): NtpResponse {
  return refused(`its clock is not synchronized (stratum ${stratum})`);
}

/** Epoch ms, between 1968 and 2104; null for the timestamp 0, which means unknown. */
function readTime(view: DataView, offset: number): number | null {
  const seconds = view.getUint32(offset);
  const fraction = view.getUint32(offset + 4);
  if (seconds === 0 && fraction === 0) return null;
  const era = seconds >= 2 ** 31 ? firstEra : secondEra;
  return (era + seconds + fraction / 2 ** 32) * 1_000;
}

function refused(reason: string): NtpResponse {
  return { kind: 'refused', reason };
}
