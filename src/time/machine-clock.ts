const attempts = 20;

/**
 * What `performance.now()` of this process is behind the monotonic clock of the machine, ms. So processes of one machine
 * can compare their readings.
 */
export function machineClockOrigin(): number {
  let best = { originMs: 0, widthMs: Infinity };
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const before = performance.now();
    const machineMs = Number(process.hrtime.bigint()) / 1e6;
    const widthMs = performance.now() - before;
    // The process may lose its CPU between two readings, so the closest ones count.
    if (widthMs < best.widthMs) best = { originMs: machineMs - before - widthMs / 2, widthMs };
  }
  return best.originMs;
}
