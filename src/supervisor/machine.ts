/**
 * What the parent of several web processes does about their starts and ends. Pure: a state and an event give the next
 * state and the effects, which `Supervisor` runs.
 */

/** How a child process ended. */
export interface ChildExit {
  /** Null if a signal ended it. */
  code: number | null;
  signal: string | null;
  /** Why it did not start, as it reported; null if it reported nothing. */
  failure: Error | null;
}

type Slot =
  | { readonly status: 'starting'; readonly failures: number }
  | { readonly status: 'listening'; readonly failures: number; readonly since: number }
  | { readonly status: 'waiting'; readonly failures: number }
  | { readonly status: 'ended' };

export interface State {
  /** `starting` until every child has listened once. */
  readonly phase: 'starting' | 'running' | 'stopping';
  /** One per child, which a later child may replace. */
  readonly slots: readonly Slot[];
}

/** `now` is monotonic, ms. */
export type Event =
  | { readonly kind: 'listening'; readonly slot: number; readonly now: number }
  | { readonly kind: 'exited'; readonly slot: number; readonly now: number; readonly exit: ChildExit }
  | { readonly kind: 'delay-over'; readonly slot: number }
  | { readonly kind: 'stop' };

export type Effect =
  | { readonly kind: 'spawn'; readonly slot: number }
  | { readonly kind: 'delay'; readonly slot: number; readonly delayMs: number; readonly exit: ChildExit }
  | { readonly kind: 'stop'; readonly slot: number }
  | { readonly kind: 'started' }
  | { readonly kind: 'failed'; readonly exit: ChildExit }
  | { readonly kind: 'stopped' };

export type Step = readonly [State, readonly Effect[]];

const firstDelayMs = 250;
const maxDelayMs = 30_000;
/** A child that listened this long is not part of a series of failures. */
const stableAfterMs = 60_000;

/** The start of `count` children. */
export function begin(count: number): Step {
  const slots = Array.from({ length: count }, (): Slot => ({ status: 'starting', failures: 0 }));
  return [{ phase: 'starting', slots }, slots.map((_, slot) => ({ kind: 'spawn', slot }))];
}

export function step(state: State, event: Event): Step {
  switch (event.kind) {
    case 'listening':
      return onListening(state, event.slot, event.now);
    case 'exited':
      return onExited(state, event.slot, event.now, event.exit);
    case 'delay-over':
      return onDelayOver(state, event.slot);
    case 'stop':
      return stop(state);
  }
}

/** How many children listen. */
export function countListening({ slots }: State): number {
  return slots.filter(({ status }) => status === 'listening').length;
}

function onListening(state: State, slot: number, now: number): Step {
  const current = state.slots[slot];
  if (current?.status !== 'starting') return [state, []];
  const next = withSlot(state, slot, { status: 'listening', failures: current.failures, since: now });
  if (state.phase !== 'starting' || countListening(next) < next.slots.length) return [next, []];
  return [{ ...next, phase: 'running' }, [{ kind: 'started' }]];
}

function onExited(state: State, slot: number, now: number, exit: ChildExit): Step {
  const current = state.slots[slot];
  if (current === undefined) return [state, []];
  if (state.phase === 'running') {
    const isStable = current.status === 'listening' && now - current.since >= stableAfterMs;
    const failures = isStable || current.status === 'ended' ? 0 : current.failures;
    const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** failures);
    const next = withSlot(state, slot, { status: 'waiting', failures: failures + 1 });
    return [next, [{ kind: 'delay', slot, delayMs, exit }]];
  }
  const ended = withSlot(state, slot, { status: 'ended' });
  if (state.phase === 'stopping') return [ended, isOver(ended) ? [{ kind: 'stopped' }] : []];
  const [stopping, effects] = stop(ended);
  return [stopping, [{ kind: 'failed', exit }, ...effects]];
}

function onDelayOver(state: State, slot: number): Step {
  const current = state.slots[slot];
  if (current?.status !== 'waiting') return [state, []];
  return [withSlot(state, slot, { status: 'starting', failures: current.failures }), [{ kind: 'spawn', slot }]];
}

function stop(state: State): Step {
  if (state.phase === 'stopping') return [state, []];
  const slots = state.slots.map((slot): Slot => (slot.status === 'waiting' ? { status: 'ended' } : slot));
  const next: State = { phase: 'stopping', slots };
  if (isOver(next)) return [next, [{ kind: 'stopped' }]];
  return [next, slots.flatMap(({ status }, slot) => (status === 'ended' ? [] : [{ kind: 'stop' as const, slot }]))];
}

function isOver({ slots }: State): boolean {
  return slots.every(({ status }) => status === 'ended');
}

function withSlot(state: State, index: number, slot: Slot): State {
  return { ...state, slots: state.slots.with(index, slot) };
}
