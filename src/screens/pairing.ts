import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { newId } from '../auth/new-id.ts';
import type { Limit, Limiter } from '../backend/limiter.ts';
import type { Records } from '../backend/records.ts';
import type { HouseTime } from '../time/house-time.ts';
import { newPairingCode } from './pairing-code.ts';
import type { ScreenRecord, Screens } from './screens.ts';

const minuteMs = 60_000;
/** How long a code waits for its approval, and an approval for its collection. */
const codeLifetimeMs = 10 * minuteMs;
/** The record of an expired code stays stored this much longer, so that typing it does not count as guessing. */
const expiredLifetimeMs = 10 * minuteMs;
/**
 * A code counts until it is approved or the window ends. Windows are fixed, so while one follows another, twice as many
 * codes may wait. These limits bound what is stored, 6 MB at most; they do not protect a secret, as `CodeGuesses` does.
 */
const codesPerAddress: Limit = { name: 'codes-address', maxAttempts: 500, windowMs: codeLifetimeMs };
const codesInAll: Limit = { name: 'codes', maxAttempts: 10_000, windowMs: codeLifetimeMs };
/** Beyond this many codes, screens collect less often. */
const manyCodes: Limit = { name: 'many-codes', maxAttempts: 1_000, windowMs: codeLifetimeMs };
/** The key of limits that count the codes of all addresses. */
const all = 'all';
const collectEveryMs = { few: 2_000, many: 10_000 };
/** Beyond a limit a screen tries again after this long at most: approvals free the limit for new codes. */
const maxWaitMs = minuteMs;

/** A screen that is not paired yet, as its request describes it. */
export interface UnpairedScreen {
  address: string;
  /** As a person names it: see `browserName`. */
  browser: string;
}

/** What the operator decides when approving a code. */
export interface Approval {
  name: string;
  group: string | null;
  /** The operator's account, or `host` for a command. */
  by: string;
}

interface PairingRecord extends UnpairedScreen {
  network: string;
  secretHash: string;
  createdAt: number;
  expiresAt: number;
  approval: (Approval & { screenId: string }) | null;
}

/**
 * A code that cannot be approved any more. It is `expired` for 10 minutes and `unknown` after that. Only an unknown one
 * counts as a wrong guess.
 */
export type UnusableCode = { state: 'approved'; name: string; by: string } | 'expired' | 'unknown';

export type FoundCode = { state: 'waiting'; screen: UnpairedScreen; ageMs: number } | UnusableCode;

export type ApproveResult = { state: 'accepted'; screenId: string } | 'name-taken' | UnusableCode;

/** `gone`: the code expired, or its secret is wrong. */
export type CollectResult = { state: 'waiting' } | { state: 'paired'; screenId: string; screen: ScreenRecord } | 'gone';

export interface IssuedCode {
  code: string;
  /** What the screen collects with; it is never shown. */
  secret: string;
  expiresInMs: number;
  /** How often the screen should call `collect`. */
  againInMs: number;
}

export interface PairingOptions {
  records: Records;
  limiter: Limiter;
  time: HouseTime;
  screens: Screens;
}

/** Pairs a screen without a keyboard: it shows a code that an operator approves elsewhere (as in RFC 8628). */
export class Pairing {
  readonly #options: PairingOptions;

  constructor(options: PairingOptions) {
    this.#options = options;
  }

  /**
   * Issues a code for a screen, and the secret with which it collects its session. Beyond a limit, resolves to the
   * time to wait before the next attempt, ms. `network`: see `networkOf`.
   */
  async issueCode(screen: UnpairedScreen, network: string): Promise<IssuedCode | number> {
    const { records, limiter, time } = this.#options;
    const waitMs = await this.#countCode(network);
    if (waitMs !== null) return Math.min(waitMs, maxWaitMs);
    const isMany = (await limiter.consume(manyCodes, all)) !== null;
    const againInMs = isMany ? collectEveryMs.many : collectEveryMs.few;
    const now = time.now();
    for (;;) {
      const code = newPairingCode();
      const secret = `${code}.${randomBytes(24).toString('base64url')}`;
      const record: PairingRecord = {
        ...screen,
        network,
        secretHash: hashOf(secret),
        createdAt: now,
        expiresAt: now + codeLifetimeMs,
        approval: null,
      };
      const created = await records.create('pairing', code, record, codeLifetimeMs + expiredLifetimeMs);
      if (created) return { code, secret, expiresInMs: codeLifetimeMs, againInMs };
    }
  }

  async find(code: string): Promise<FoundCode> {
    const record = await this.#options.records.get<PairingRecord>('pairing', code);
    return this.#stateOf(record);
  }

  /** Approves a waiting code in one atomic step. If two operators approve it, the second one gets the result of the first. */
  async approve(code: string, approval: Approval): Promise<ApproveResult> {
    const { records, screens } = this.#options;
    const found = await this.find(code);
    if (found === 'unknown' || found === 'expired' || found.state === 'approved') return found;
    const screenId = newId();
    if (!(await screens.takeName('screen', screenId, approval.name, codeLifetimeMs))) return 'name-taken';
    let result = 'unknown' as ApproveResult;
    let network = '';
    await records.update<PairingRecord>(
      'pairing',
      code,
      (record) => {
        const current = this.#stateOf(record);
        if (typeof current === 'string' || current.state === 'approved') {
          result = current;
          return null;
        }
        result = { state: 'accepted', screenId };
        network = record.network;
        return { ...record, approval: { ...approval, screenId }, expiresAt: this.#options.time.now() + codeLifetimeMs };
      },
      codeLifetimeMs + expiredLifetimeMs,
    );
    if (typeof result !== 'string' && result.state === 'accepted') await this.#uncountCode(network);
    else await screens.releaseName(approval.name, screenId);
    return result;
  }

  /** Collects the session of an approved code: the same one at each call, until it has been used. */
  async collect(secret: string): Promise<CollectResult> {
    const { records, screens } = this.#options;
    const code = secret.slice(0, secret.indexOf('.'));
    const record = await records.get<PairingRecord>('pairing', code);
    if (record === null || !isEqual(record.secretHash, hashOf(secret))) return 'gone';
    const state = this.#stateOf(record);
    if (state === 'expired' || state === 'unknown') return 'gone';
    if (record.approval === null) return { state: 'waiting' };
    const { screenId, name, group, by } = record.approval;
    const existing = await screens.get(screenId);
    if (existing !== null) return existing.wasUsed ? 'gone' : { state: 'paired', screenId, screen: existing };
    if (!(await screens.takeName('screen', screenId, name))) return 'gone';
    return { state: 'paired', screenId, screen: await screens.add(screenId, { name, group, face: '' }, by) };
  }

  /** Counts an issued code and resolves to null. Beyond a limit it counts nothing and resolves to the time to wait, ms. */
  async #countCode(network: string): Promise<number | null> {
    const { limiter } = this.#options;
    const addressWaitMs = await limiter.consume(codesPerAddress, network);
    const totalWaitMs = addressWaitMs === null ? await limiter.consume(codesInAll, all) : null;
    // The limiter also counts refused attempts, but those issue no code.
    if (addressWaitMs !== null || totalWaitMs !== null) await limiter.refund(codesPerAddress, network);
    if (totalWaitMs !== null) await limiter.refund(codesInAll, all);
    return addressWaitMs ?? totalWaitMs;
  }

  async #uncountCode(network: string): Promise<void> {
    const { limiter } = this.#options;
    await limiter.refund(codesPerAddress, network);
    await limiter.refund(codesInAll, all);
    await limiter.refund(manyCodes, all);
  }

  #stateOf(record: PairingRecord | null): FoundCode {
    if (record === null) return 'unknown';
    const now = this.#options.time.now();
    if (record.expiresAt <= now) return 'expired';
    const { approval, address, browser, createdAt } = record;
    if (approval !== null) return { state: 'approved', name: approval.name, by: approval.by };
    return { state: 'waiting', screen: { address, browser }, ageMs: now - createdAt };
  }
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

function isEqual(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}
