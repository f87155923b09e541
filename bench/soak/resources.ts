import { passes } from '../../test/support/until.ts';
import type { SoakInstallation } from './installation.ts';
import type { Resources } from './role-slot.ts';

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
const maxGrowthKiB = 5 * 1_024;
const maxDescriptors = 2;

/** The resources of every process after `restMs` of rest and one garbage collection. */
export async function resourcesOf({ slots }: SoakInstallation, restMs: number): Promise<NamedResources[]> {
  await passes(restMs);
  const all: NamedResources[] = [];
  for (const [role, some] of Object.entries(slots)) {
    for (const [index, slot] of some.entries()) all.push({ name: `${role} ${index}`, ...(await slot.resources()) });
  }
  return all;
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
