import type { Zone } from '../time/zone.ts';

/** A periodic broadcast: what is said, and how often. How it travels is none of its business. */
export interface Task {
  /** Also the name of its channel and of its text in the message. */
  readonly name: string;
  /** Its interval, ms; `intervalMs` is the installation's own. */
  everyMs(intervalMs: number): number;
  /** The message for an instant: same moment and zone, same message. */
  run(at: number, zone: Zone): string;
}
