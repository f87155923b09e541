/**
 * The keys that stay in place when a list changes from one order to another; all others are moved or inserted. It is the
 * longest such set, because each row that moves costs a layout, and its focus.
 */
export function stayingKeys(before: readonly string[], after: readonly string[]): Set<string> {
  const positions = new Map(before.map((key, index) => [key, index]));
  const kept = after.filter((key) => positions.has(key));
  const longest = longestIncreasing(kept.map((key) => positions.get(key) ?? 0));
  return new Set(longest.map((index) => kept[index] ?? ''));
}

/** The indexes of a longest increasing subsequence (patience sorting, O(n log n)). */
function longestIncreasing(values: readonly number[]): number[] {
  /** By length: the index of the smallest value that ends a subsequence of that length. */
  const ends: number[] = [];
  const previous: number[] = [];
  values.forEach((value, index) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((values[ends[middle] ?? 0] ?? 0) < value) low = middle + 1;
      else high = middle;
    }
    previous[index] = ends[low - 1] ?? -1;
    ends[low] = index;
  });
  let index = ends[ends.length - 1] ?? -1;
  for (let length = ends.length - 1; length >= 0; length -= 1) {
    ends[length] = index;
    index = previous[index] ?? -1;
  }
  return ends;
}
