/** What a large installation needs, calculated from what one machine carries. */

/** What the plan assumes of a socket: the measurements of `docs/scaling.md`, with a margin. */
export const assumed = {
  /** Measured: 6.7. */
  cpuUsPerMessage: 12,
  /** Of a session in the cache. Measured: up to 144. */
  cpuUsPerHandshake: 150,
  /** Of the process. Measured: 2.0, and 6.0 with the garbage of the handshakes. */
  residentKibPerSocket: 6,
  /** Of the kernel, the server's end. Measured: 4.8. */
  kernelKibPerSocket: 5,
  /** Of a process without sockets. */
  baseMib: 120,
};

/** With this many, 99 % of the ticks arrived within 300 ms. */
const socketsPerProcess = 15_000;
/** A core is used half by deliveries, so that the rest can serve handshakes. */
const deliveryShare = 0.5;
/** Of a tick on the wire: 87 for the frame, 66 for Ethernet, IP and TCP, 66 for the acknowledgement. */
const bytesPerMessage = 219;

export interface CapacityPlan {
  processes: number;
  cores: number;
  memoryGib: number;
  networkMbits: number;
  /** The time from a tick to the last socket of a process. */
  lastMs: number;
  /** The period over which all screens reconnect after they were cut at once. */
  reconnectS: number;
  /** The share of a core that each process then uses for handshakes. */
  reconnectCores: number;
  /** Messages that Redis sends a second. */
  redisMessages: number;
}

/** The needs of a number of screens that receive some messages a second. */
export function planCapacity(screens: number, messagesPerSecond: number): CapacityPlan {
  const deliveryCores = (screens * messagesPerSecond * assumed.cpuUsPerMessage) / 1_000_000;
  const processes = Math.ceil(Math.max(screens / socketsPerProcess, deliveryCores / deliveryShare));
  const socketKib = assumed.residentKibPerSocket + assumed.kernelKibPerSocket;
  // As the server's `spread`.
  const reconnectS = Math.min(8, Math.max(0.5, (0.7 * screens) / 1_000));
  return {
    processes,
    cores: processes,
    memoryGib: (screens * socketKib) / 2 ** 20 + (processes * assumed.baseMib) / 1_024,
    networkMbits: (screens * messagesPerSecond * bytesPerMessage * 8) / 1_000_000,
    lastMs: ((screens / processes) * assumed.cpuUsPerMessage) / 1_000,
    reconnectS,
    reconnectCores: (screens / processes / reconnectS) * (assumed.cpuUsPerHandshake / 1_000_000),
    redisMessages: processes * 2,
  };
}

/** The table of `docs/scaling.md`. */
export function capacityTable(): string {
  const rows = [10_000, 100_000, 1_000_000].flatMap((screens) => [row(screens, 1), row(screens, 2)]);
  return [
    '| screens | messages a second to each | web processes, one core each | memory | network | last screen after | all reconnect within | CPU of each process then |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function row(screens: number, messagesPerSecond: number): string {
  const plan = planCapacity(screens, messagesPerSecond);
  const cells = [
    screens.toLocaleString('en'),
    messagesPerSecond,
    plan.processes,
    `${plan.memoryGib.toFixed(1)} GiB`,
    `${plan.networkMbits.toFixed(0)} Mbit/s`,
    `${plan.lastMs.toFixed(0)} ms`,
    `${plan.reconnectS.toFixed(0)} s`,
    `${(100 * plan.reconnectCores).toFixed(0)} % of a core`,
  ];
  return `| ${cells.join(' | ')} |`;
}
