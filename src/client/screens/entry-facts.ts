import type { RosterEntry } from '../../operator-api.ts';
import { dateText } from './dom.ts';
import { kindLabel, stateLabel } from './entry.ts';

/** The facts that the details of an entry list. */
export function factsOf(entry: RosterEntry): [name: string, value: string][] {
  const { account, approvedBy, address, build, errorMs, offsetMs, connections, lastSeen, expires, id } = entry;
  const facts: [string, string | null][] = [
    ['State', `${stateLabel(entry)}${problemReason(entry)}`],
    ['Kind', kindLabel(entry)],
    ['Account', account],
    ['Approved by', approvedBy],
    ['Address', address],
    ['Build', build],
    ['Error', errorMs === null ? null : `± ${errorMs} ms`],
    ['Device clock', offsetMs === null ? null : offsetText(offsetMs)],
    ['Connections', String(connections)],
    ['Last seen', lastSeen === null ? 'never' : dateText(lastSeen)],
    [entry.kind === 'link' ? 'Ends' : 'Ends if unused', expires === null ? null : dateText(expires)],
    ['ID', id],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

function problemReason({ problem, errorMs }: RosterEntry): string {
  switch (problem) {
    case 'wrong':
      if (errorMs === null) return ': the error of its time is unknown';
      return errorMs > 100 ? ': its error is above 100 ms' : ': its text differed from that of a tick';
    case 'old-build':
      return ': it did not load the new page';
    case 'silent':
      return ': connected, but it sent nothing for 45 s';
    case 'stale':
      return ': connected, but it receives no time';
    case 'away':
      return ': not connected';
    case null:
      return '';
  }
}

/** `offsetMs` is house time minus the device's clock. */
function offsetText(offsetMs: number): string {
  if (offsetMs === 0) return 'equals house time';
  return `${Math.abs(offsetMs)} ms ${offsetMs > 0 ? 'behind' : 'ahead of'} house time`;
}
