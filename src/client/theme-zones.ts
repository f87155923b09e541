import type { Appearance } from './appearance.ts';
import type { ShownZone } from './face.ts';
import { NamedZone, type NamedZoneOptions } from './named-zone.ts';

/** A zone of the row, and its label on the face. */
export interface LabeledZone {
  zone: ShownZone;
  label: string;
}

export interface ShownZones {
  zone: ShownZone | null;
  secondZone: ShownZone | null;
  /** By parameter, or name of a zone of the row: what is wrong with that zone, or null. */
  warnings: Record<string, string | null>;
}

/** The zones that an address names. */
export class ThemeZones {
  readonly #zone: NamedZone | null;
  readonly #secondZone: NamedZone | null;

  /** The zones of the row. */
  readonly row: readonly (LabeledZone & { zone: NamedZone })[];

  constructor({ zone, zone2, zones }: Pick<Appearance, 'zone' | 'zone2' | 'zones'>, options: NamedZoneOptions) {
    this.#zone = zone === null ? null : new NamedZone(zone, options);
    this.#secondZone = zone2 === null ? null : new NamedZone(zone2, options);
    this.row = zones.map(({ name, label }) => ({ zone: new NamedZone(name, options), label }));
  }

  /** Resolves when the requests have succeeded or failed. Failed requests are repeated. */
  async load(): Promise<void> {
    await Promise.all(this.#all.map((zone) => zone.load()));
  }

  /** Requests and reports nothing more. */
  stop(): void {
    for (const zone of this.#all) zone.stop();
  }

  /** The zones that a face shows. The installation's zone is used if the queries name none, or an unknown one. */
  resolve(houseZone: ShownZone | null): ShownZones {
    const isUnknown = this.#zone?.status === 'unknown';
    const rowWarnings: Record<string, string | null> = {};
    for (const { zone } of this.row) rowWarnings[zone.name] = warningOf('zones', zone, 'it is not shown');
    return {
      zone: this.#zone === null || isUnknown ? houseZone : this.#zone,
      secondZone: this.#secondZone,
      warnings: {
        zone: warningOf(
          'zone',
          this.#zone,
          `the time is shown in ${houseZone?.name ?? 'the zone of the installation'}`,
        ),
        zone2: warningOf('zone2', this.#secondZone, 'it is not shown'),
        ...rowWarnings,
      },
    };
  }

  get #all(): NamedZone[] {
    const named = [this.#zone, this.#secondZone].filter((zone): zone is NamedZone => zone !== null);
    return [...named, ...this.row.map(({ zone }) => zone)];
  }
}

function warningOf(parameter: string, zone: NamedZone | null, consequence: string): string | null {
  if (zone?.status === 'unknown') return `${parameter}=${zone.name} is unknown to the server: ${consequence}`;
  if (zone?.status === 'failing')
    return `${parameter}=${zone.name}: its offset could not be loaded from the server; trying again`;
  return null;
}
