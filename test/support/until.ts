/**
 * Polls until `probe` gives something else than false, null or undefined, and resolves to it. Rejects after `limitMs`
 * with what was waited for.
 */
export async function until<T>(
  probe: () => T | Promise<T>,
  what: string,
  limitMs = 5_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const result = await probe();
    if (result !== false && result !== null && result !== undefined) {
      return result as Exclude<T, false | null | undefined>;
    }
    if (performance.now() > deadline) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
