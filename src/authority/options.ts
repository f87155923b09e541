import { isIP } from 'node:net';
import type { OptionTable } from '../config.ts';
import { BadValue, commaList, durationBetween } from '../option-parsers.ts';

export interface NtpServer {
  host: string;
  port: number;
}

const ntpPort = 123;
const maxServers = 8;

function ntpServers(text: string): NtpServer[] {
  const servers = commaList(ntpServer)(text);
  const names = servers.map(({ host, port }) => `${host.toLowerCase()} ${port}`);
  if (servers.length === 0 || servers.length > maxServers) throw new BadValue(`1 to ${maxServers} servers`);
  if (new Set(names).size < names.length) throw new BadValue('different servers, since each has one vote');
  return servers;
}

function ntpServer(text: string): NtpServer {
  const match = /^(?:\[([^\]]+)\]|([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\.?))(?::(\d{1,5}))?$/.exec(text);
  const [, address, name, digits = String(ntpPort)] = match ?? [];
  const host = address ?? name;
  const port = Number(digits);
  if (host === undefined || (address !== undefined && isIP(address) !== 6) || port < 1 || port > 65_535) {
    throw new BadValue('host names or addresses, such as time.example.org,192.0.2.1:123,[2001:db8::1]:123');
  }
  return { host, port };
}

export const authorityOptions = {
  ntpServers: {
    flag: '--ntp-server <hosts>',
    env: ['CLOCK_NTP_SERVER'],
    parse: ntpServers,
    help: 'NTP servers that house time is compared with, HOST[:PORT],... (default: none; no clock is ever set)',
  },
  ntpAlarmMs: {
    flag: '--ntp-alarm <duration>',
    env: ['CLOCK_NTP_ALARM'],
    parse: durationBetween(1, 3_600_000, '100ms'),
    default: '100ms',
    help: 'maximum deviation of house time from UTC without a warning',
  },
} as const satisfies OptionTable;
