import { timeText, wallClockAt } from '../../time/zone-offset.ts';
import { planRequest } from './open-socket.ts';
import * as policy from './policy.ts';
import type { ZoneCheck } from './state.ts';

/** Requests the zone if the tick shows that it is unknown or changed. */
export const checkZone: ZoneCheck = (state, open, { at, text }, context) => {
  const { zone } = state;
  if (zone === null) return;
  if (zone.zone === null) return planRequest(state, open, context);
  const wallClock = wallClockAt(zone, at);
  if (wallClock === null) return;
  const { now, random } = context;
  if (text !== timeText(wallClock)) {
    open.differs = true;
    if (now - state.zoneRequestedAt < policy.zoneMismatchMs) return;
    state.zoneRequestedAt = now;
    return planRequest(state, open, context);
  }
  const isChanged = zone.nextUtcOffset !== null && at >= zone.nextUtcOffset.at;
  if (isChanged && !open.isRequesting && open.requestAt === Infinity)
    open.requestAt = now + random * policy.zoneChangeMs;
};
