import type { ScreenState } from '../../protocol.ts';
import { staleAfterMs } from '../../time/grid.ts';
import { drawnMs, silenceMs } from './policy.ts';

/** The socket carries the first tick of each second, so a shorter interval does not make ticks more frequent. */
const leastIntervalMs = 1_000;

/** Whether the time may be claimed. */
export interface Staleness {
  /** What the screen shows of it now. */
  readonly screen: ScreenState;
  readonly isFresh: boolean;
  /** A screen that never had the time is `connecting`, not `stale`, until then. */
  readonly connectingUntil: number;
  /** The instant that the newest tick stands for; `-Infinity`: no tick proves anything now. */
  readonly tickInstant: number;
  /** When a tick or the answer to a sync last arrived. */
  readonly heardAt: number;
  /** A tick counts for this long, ms. */
  readonly limitMs: number;
  /** When the second now due was last drawn, since the ticks are fresh; -Infinity: not yet. */
  readonly drawnAt: number;
  readonly isVisible: boolean;
}

export function firstStaleness(now: number): Staleness {
  const limitMs = staleAfterMs(leastIntervalMs);
  return {
    screen: 'connecting',
    isFresh: false,
    connectingUntil: now + limitMs,
    tickInstant: -Infinity,
    heardAt: -Infinity,
    limitMs,
    drawnAt: -Infinity,
    isVisible: true,
  };
}

/** The state of the screen as of `now`; to be computed after every event. */
export function evaluate(before: Staleness, isSignedOut: boolean, now: number): Staleness {
  if (isSignedOut) return withdrawn({ ...before, screen: 'signed-out' });
  const isRecent = now < before.heardAt + silenceMs;
  // After silence only a new tick is proof.
  const tickInstant = isRecent ? before.tickInstant : -Infinity;
  const isFresh = now < tickInstant + before.limitMs;
  const drawnAt = isFresh ? before.drawnAt : -Infinity;
  const staleness = { ...before, tickInstant, isFresh, drawnAt };
  return { ...staleness, screen: screenOf(staleness, now) };
}

/** When `evaluate` may come to another result. */
export function staleAt(staleness: Staleness): number {
  const { screen, isFresh, tickInstant, limitMs, heardAt, drawnAt, connectingUntil } = staleness;
  const freshUntil = Math.min(tickInstant + limitMs, heardAt + silenceMs);
  return Math.min(
    isFresh ? freshUntil : Infinity,
    screen === 'live' && !keepsScreen(staleness) ? drawnAt + drawnMs : Infinity,
    screen === 'connecting' && !keepsScreen(staleness) ? connectingUntil : Infinity,
  );
}

/** A tick that stands for `instant` arrived, perhaps after a newer one. */
export function withTick(staleness: Staleness, instant: number): Staleness {
  return { ...staleness, tickInstant: Math.max(staleness.tickInstant, instant) };
}

/** The newest tick stands for `instant`, not for what was computed when it arrived. */
export function withInstant(staleness: Staleness, instant: number): Staleness {
  return { ...staleness, tickInstant: instant };
}

export function withInterval(staleness: Staleness, intervalMs: number): Staleness {
  return { ...staleness, limitMs: staleAfterMs(Math.max(intervalMs, leastIntervalMs)) };
}

/** A page that becomes visible gets the time to draw. */
export function withVisibility(staleness: Staleness, isVisible: boolean, now: number): Staleness {
  const becomesVisible = isVisible && !staleness.isVisible;
  const drawnAt = becomesVisible && staleness.screen === 'live' ? now : staleness.drawnAt;
  return { ...staleness, isVisible, drawnAt };
}

/** No tick proves anything any more. */
export function withdrawn(staleness: Staleness): Staleness {
  return { ...staleness, isFresh: false, tickInstant: -Infinity, drawnAt: -Infinity };
}

/** The screen connects again after it was signed out. */
export function connectingAgain(staleness: Staleness, now: number): Staleness {
  return { ...withdrawn(staleness), screen: 'connecting', connectingUntil: now + staleness.limitMs };
}

function screenOf(staleness: Staleness, now: number): ScreenState {
  const { screen, isFresh, drawnAt, connectingUntil } = staleness;
  if (isFresh && now < drawnAt + drawnMs) return 'live';
  if (keepsScreen(staleness)) return screen;
  return screen === 'connecting' && now < connectingUntil ? 'connecting' : 'stale';
}

/** A hidden page need not draw. */
function keepsScreen({ isFresh, isVisible }: Staleness): boolean {
  return isFresh && !isVisible;
}
