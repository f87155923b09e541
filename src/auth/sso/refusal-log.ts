import type { Logger } from '../../logger.ts';
import { refusalReasons, type Refusal, type RefusalReason } from './refusals.ts';

const periodMs = 1_000;
/** A token is chosen by its sender. */
const maxFoundLength = 100;

/** Where a credential was found. */
export type CredentialPlace = 'cookie' | 'header' | 'user-header' | 'bearer';

interface Counted {
  refusal: Refusal;
  place: CredentialPlace;
  count: number;
}

/** Logs refused sign-ins: one line per reason and second, with their number and the first one's details. */
export class RefusalLog {
  readonly #log: Logger;
  readonly #counts = new Map<RefusalReason, Counted>();
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(refusal: Refusal, place: CredentialPlace): void {
    const counted = this.#counts.get(refusal.reason);
    if (counted === undefined) this.#counts.set(refusal.reason, { refusal, place, count: 1 });
    else counted.count += 1;
    if (this.#isStopped) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), periodMs);
  }

  /** Logs what was counted, and ends the timer. A later refusal is logged immediately. */
  stop(): void {
    this.#isStopped = true;
    this.#flush();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { refusal, place, count } of this.#counts.values()) {
      const { reason, found, account } = refusal;
      const { kind, text } = refusalReasons[reason];
      const details = {
        ...(account === undefined ? {} : { account }),
        ...(found === undefined ? {} : { found: found.slice(0, maxFoundLength) }),
      };
      const level = kind === 'expired' ? 'info' : 'warn';
      this.#log[level]({ reason, in: place, count, ...details }, `shared sign-in refused: ${text}`);
    }
    this.#counts.clear();
  }
}
