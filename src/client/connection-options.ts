import type { ScreenState, Tick } from '../protocol.ts';
import type { FlywheelOptions } from './flywheel.ts';
import type { LineOptions } from './line.ts';
import type { StateAnswer } from './wire.ts';

/** What a connection is given: the world around it, and whom to tell. */
export interface ConnectionOptions extends LineOptions, FlywheelOptions {
  /** Asks `/api/initial_state`; rejects when no answer came within `withinMs`. */
  fetchState: (withinMs: number) => Promise<StateAnswer>;
  /** Whether the server answers, whoever asks, within `withinMs`; asked over a connection that a session does not share. */
  isReachable: (withinMs: number) => Promise<boolean>;
  /** The build of this program, for the server to know. */
  build: string;
  /** Each change of state; `connecting` is what it begins with. */
  onState: (state: ScreenState) => void;
  /** Each time that the server tells, in the order it came; an older one can follow a newer one. */
  onTick?: (tick: Tick) => void;
  /** The zone of the shown time. */
  onZone: (zone: string) => void;
  /** The build that the server runs, each time that it tells. */
  onBuild: (build: string) => void;
}
