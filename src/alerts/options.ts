import type { OptionTable } from '../config.ts';
import { BadValue, durationBetween } from '../option-parsers.ts';

function webhookUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol))
    throw new BadValue('an address that begins with https:// or http://');
  return url.href;
}

export const alertOptions = {
  alertWebhook: {
    env: ['CLOCK_ALERT_WEBHOOK'],
    secret: true,
    parse: webhookUrl,
    help: 'address to which the leading beat sends a message when screens go dark, become wrong or come back',
  },
  alertAfterMs: {
    flag: '--alert-after <duration>',
    env: ['CLOCK_ALERT_AFTER'],
    parse: durationBetween(1_000, 3_600_000, '60s'),
    default: '60s',
    help: 'how long a screen is dark, wrong or live again before a message says so, from 1s to 1h',
  },
} as const satisfies OptionTable;
