import type { Appearance } from './appearance.ts';
import type { ShownZone } from './face.ts';
import { NamedZone, type NamedZoneOptions } from './named-zone.ts';

export interface ShownZones {
  zone: ShownZone | null;
  secondZone: ShownZone | null;
  /** By parameter: what is wrong with its zone, or null. */
  warnings: Record<string, string | null>;
}

/** The zones that an address names. */
export class ThemeZones {
  readonly #zone: NamedZone | null;
  readonly #secondZone: NamedZone | null;

  constructor({ zone, zone2 }: Pick<Appearance, 'zone' | 'zone2'>, options: NamedZoneOptions) {
    this.#zone = zone === null ? null : new NamedZone(zone, options);
    this.#secondZone = zone2 === null ? null : new NamedZone(zone2, options);
  }

  /** Resolves when the requests have succeeded or failed. Failed requests are repeated. */
  async load(): Promise<void> {
    await Promise.all([this.#zone?.load(), this.#secondZone?.load()]);
  }

  /** Requests and reports nothing more. */
  stop(): void {
    this.#zone?.stop();
    this.#secondZone?.stop();
  }

  /** The zones that a face shows. The installation's zone is used if the queries name none, or an unknown one. */
  resolve(houseZone: ShownZone | null): ShownZones {
    const isUnknown = this.#zone?.status === 'unknown';
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
      },
    };
  }
}

function warningOf(parameter: string, zone: NamedZone | null, consequence: string): string | null {
  if (zone?.status === 'unknown') return `${parameter}=${zone.name} is unknown to the server: ${consequence}`;
  if (zone?.status === 'failing')
    return `${parameter}=${zone.name}: its offset could not be loaded from the server; trying again`;
  return null;
}
