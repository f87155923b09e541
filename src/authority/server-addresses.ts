import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';

/**
 * The addresses of NTP servers by host name. The system looks up only a few names at a time, so a name that no DNS server
 * answers delays the lookups of others beyond their queries. The next query uses what they found.
 */
export class ServerAddresses {
  readonly #lookup: (host: string) => Promise<LookupAddress[]>;
  /** Those that have not failed since the lookup. */
  readonly #found = new Map<string, LookupAddress[]>();
  readonly #pending = new Map<string, Promise<LookupAddress[]>>();

  constructor(lookupHost: (host: string) => Promise<LookupAddress[]> = (host) => lookup(host, { all: true })) {
    this.#lookup = lookupHost;
  }

  /** Resolves to an address that has not failed. Rejects if the lookup fails. */
  async resolve(host: string): Promise<LookupAddress> {
    const [address] = this.#found.get(host) ?? (await (this.#pending.get(host) ?? this.#start(host)));
    if (address === undefined) throw new Error('no address');
    return address;
  }

  /**
   * Drops the current address of the host, since it gave no usable answer. Returns whether another one is left; otherwise
   * the host is looked up again next time.
   */
  skip(host: string): boolean {
    const others = this.#found.get(host)?.slice(1) ?? [];
    if (others.length > 0) this.#found.set(host, others);
    else this.#found.delete(host);
    return others.length > 0;
  }

  #start(host: string): Promise<LookupAddress[]> {
    const pending = this.#lookup(host)
      .then((addresses) => {
        this.#found.set(host, addresses);
        return addresses;
      })
      .finally(() => this.#pending.delete(host));
    this.#pending.set(host, pending);
    return pending;
  }
}
