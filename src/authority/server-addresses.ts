import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';

/**
 * The addresses of NTP servers by host name. The system looks up only a few names at a time, so a name that no DNS server
 * answers delays the lookups of others beyond their queries. The next query uses what they found.
 */
export class ServerAddresses {
  readonly #lookup: (host: string) => Promise<LookupAddress>;
  readonly #found = new Map<string, LookupAddress>();
  readonly #pending = new Map<string, Promise<LookupAddress>>();

  constructor(lookupHost: (host: string) => Promise<LookupAddress> = (host) => lookup(host)) {
    this.#lookup = lookupHost;
  }

  /** Rejects if the lookup fails. */
  async resolve(host: string): Promise<LookupAddress> {
    return this.#found.get(host) ?? this.#pending.get(host) ?? this.#start(host);
  }

  /** Looks the host up again next time, since its server gave no usable answer. */
  forget(host: string): void {
    this.#found.delete(host);
  }

  #start(host: string): Promise<LookupAddress> {
    const pending = this.#lookup(host)
      .then((address) => {
        this.#found.set(host, address);
        return address;
      })
      .finally(() => this.#pending.delete(host));
    this.#pending.set(host, pending);
    return pending;
  }
}
