import { passes } from '../../test/support/until.ts';
import type { SoakInstallation } from './installation.ts';
import type { Resources, RoleSlot } from './role-slot.ts';

export interface NamedResources extends Resources {
  name: string;
}

/** Before and after, at the same place. */
export interface ResourceChange {
  name: string;
  before: Resources;
  after: Resources;
  /** Whether memory or descriptors grew by more than is allowed. */
  isTooMuch: boolean;
}

const maxGrowth = 0.1;
const maxGrowthKiB = 5e6 / 1_024;
const maxDescriptors = 2;
const furtherReadings = 3;
const readEveryMs = 6_000;

/** The resources of every process after `restMs` of rest and one garbage collection. */
export async function resourcesOf({ slots }: SoakInstallation, restMs: number): Promise<NamedResources[]> {
  await passes(restMs);
  const all: { slot: RoleSlot; found: NamedResources }[] = [];
  for (const [role, some] of Object.entries(slots)) {
    for (const [index, slot] of some.entries()) {
      all.push({ slot, found: { name: `${role} ${index}`, ...(await slot.resources()) } });
    }
  }
  // A page may have connections for requests just then. They close after a few seconds.
  for (let n = 0; n < furtherReadings; n++) {
    await passes(readEveryMs);
    for (const { slot, found } of all) found.descriptors = Math.min(found.descriptors, await slot.descriptors());
  }
  return all.map(({ found }) => found);
}

export function compareResources(
  before: readonly NamedResources[],
  after: readonly NamedResources[],
): ResourceChange[] {
  return after.map((end, index) => {
    const start = before[index] ?? end;
    const grewKiB = end.residentKiB - start.residentKiB;
    const isTooMuch =
      grewKiB > start.residentKiB * maxGrowth + maxGrowthKiB ||
      Math.abs(end.descriptors - start.descriptors) > maxDescriptors;
    return { name: end.name, before: start, after: end, isTooMuch };
  });
}
