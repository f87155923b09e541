const dayMs = 86_400_000;

/** By how many days the date of one wall clock is ahead of that of another. */
export function daysApart(wallClock: number, reference: number): number {
  return Math.floor(wallClock / dayMs) - Math.floor(reference / dayMs);
}

/** `+1 day`, in a language; empty on the same day. */
export function dayText(days: number, lang: string | null): string {
  if (days === 0) return '';
  const sign = days > 0 ? '+' : '\u2212';
  const count = Math.abs(days);
  try {
    // The types of ECMAScript 2018 have no units.
    const options = { style: 'unit', unit: 'day', unitDisplay: 'long' } as object;
    return sign + new Intl.NumberFormat(lang ?? 'en', options).format(count);
  } catch {
    // Chromium before 77 and Safari before 14.1 format no units.
    return `${sign}${count} d`;
  }
}
