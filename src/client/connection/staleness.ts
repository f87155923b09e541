import type { ScreenState } from '../../protocol.ts';
import { staleAfterMs } from '../../time/grid.ts';
import { drawnMs, silenceMs } from './policy.ts';
import type { State } from './state.ts';

/** The socket carries the first tick of each second, so a shorter interval does not make ticks more frequent. */
export const leastIntervalMs = 1_000;

/** How long a tick counts, ms. */
export function freshForMs(intervalMs: number): number {
  return staleAfterMs(Math.max(intervalMs, leastIntervalMs));
}

/** Brings what the screen shows up to date; to be called after every event. */
export function evaluate(state: State, now: number): void {
  const isSignedOut = state.phase.name === 'signed-out';
  // After a silence, only a new tick makes the screen fresh again.
  if (isSignedOut || now >= state.receivedAt + silenceMs) state.tickInstant = -Infinity;
  state.isFresh = now < state.tickInstant + state.freshForMs;
  if (!state.isFresh) state.drawnAt = -Infinity;
  state.screen = isSignedOut ? 'signed-out' : screenOf(state, now);
}

/** When the result of `evaluate` may change. */
export function staleAt(state: State): number {
  const { screen, isFresh, tickInstant, receivedAt, drawnAt, connectingUntil } = state;
  const freshUntil = isFresh ? Math.min(tickInstant + state.freshForMs, receivedAt + silenceMs) : Infinity;
  if (holdsState(state)) return freshUntil;
  if (screen === 'live') return Math.min(freshUntil, drawnAt + drawnMs);
  return screen === 'connecting' ? Math.min(freshUntil, connectingUntil) : freshUntil;
}

function screenOf(state: State, now: number): ScreenState {
  const { screen, isFresh, drawnAt, connectingUntil } = state;
  if (isFresh && now < drawnAt + drawnMs) return 'live';
  if (holdsState(state)) return screen;
  return screen === 'connecting' && now < connectingUntil ? 'connecting' : 'stale';
}

/** Whether the state of the screen stays as it is although nothing is drawn: a hidden page need not draw. */
function holdsState({ isFresh, isVisible }: State): boolean {
  return isFresh && !isVisible;
}
