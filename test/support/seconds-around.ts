/** How clocks of a zone display each second from one second before `since`, epoch ms, until now. */
export function secondsAround(since: number, zone: string): string[] {
  const { format } = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeStyle: 'medium' });
  const seconds = Math.ceil((Date.now() - since) / 1_000);
  return Array.from({ length: seconds + 2 }, (_, index) => format(since + (index - 1) * 1_000));
}
