import type { Moment } from './moment.ts';
import type { Effect } from './state.ts';

/** A step that is being computed: the moment of its event, and its effects so far. */
export interface Turn {
  readonly moment: Moment;
  readonly effects: Effect[];
}
