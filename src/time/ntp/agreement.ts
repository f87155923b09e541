/** A value lies between two bounds, ms. */
export interface Bounds {
  lowMs: number;
  highMs: number;
}

/**
 * Combines the bounds of several servers for the same value; null without any. The result covers every value that more
 * than half of the servers allow, so it is right if more than half of them are. If there is no such value the servers
 * contradict each other, and the result covers the bounds of all.
 */
export function combineBounds(all: readonly Bounds[]): { bounds: Bounds; isContradiction: boolean } | null {
  if (all.length === 0) return null;
  const isAgreed = (value: number): boolean =>
    all.filter(({ lowMs, highMs }) => lowMs <= value && value <= highMs).length > all.length / 2;
  const lows = all.map(({ lowMs }) => lowMs);
  const highs = all.map(({ highMs }) => highMs);
  const agreedLows = lows.filter(isAgreed);
  const isContradiction = agreedLows.length === 0;
  return {
    bounds: {
      lowMs: Math.min(...(isContradiction ? lows : agreedLows)),
      highMs: Math.max(...(isContradiction ? highs : highs.filter(isAgreed))),
    },
    isContradiction,
  };
}
