import { describe, expect, test } from 'vitest';
import { assumed, planCapacity } from '../../bench/capacity-plan.ts';

describe('the capacity plan', () => {
  test('has one process for as many sockets as a process was measured with', () => {
    expect(planCapacity(15_000, 1).processes).toBe(1);
    expect(planCapacity(15_001, 1).processes).toBe(2);
  });

  test('gives half of a core to deliveries, if they need more cores than the sockets', () => {
    const { processes } = planCapacity(1_000_000, 20);
    expect(processes).toBe(Math.ceil((2 * 20 * assumed.cpuUsPerMessage * 1_000_000) / 1_000_000));
  });

  test('reaches the last socket of a process after the CPU of all of its messages', () => {
    expect(planCapacity(15_000, 2).lastMs).toBe((15_000 * assumed.cpuUsPerMessage) / 1_000);
  });

  test('spreads the reconnects over 0.5 to 8 s', () => {
    expect([100, 5_000, 1_000_000].map((screens) => planCapacity(screens, 1).reconnectS)).toEqual([0.5, 3.5, 8]);
  });

  test('counts memory for each socket and each process', () => {
    const socketKib = assumed.residentKibPerSocket + assumed.kernelKibPerSocket;
    const gib = (100_000 * socketKib) / 2 ** 20 + (7 * assumed.baseMib) / 1_024;
    expect(planCapacity(100_000, 1).memoryGib).toBeCloseTo(gib, 6);
  });
});
