import type { HouseReading } from '../house-clock.ts';

/** When an event happened, and what else a decision needs: one reading of every clock. */
export interface Moment {
  /** Monotonic, ms. */
  readonly now: number;
  /** From 0 to 1. */
  readonly random: number;
  readonly house: HouseReading;
}
