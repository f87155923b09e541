import type { Zone } from '../time/zone.ts';

/** A periodic broadcast. */
export interface Task {
  /** Also the name of the channel and the key of the text in a message. */
  readonly name: string;
  /** The interval of the task, ms. `intervalMs` is the configured interval of the time. */
  everyMs(intervalMs: number): number;
  /** How long after its instant the text may be published, ms. */
  expiryMs(intervalMs: number): number;
  /** The text for an instant. It depends on nothing but its arguments. */
  run(at: number, zone: Zone): string;
}
