import { describe, expect, test } from 'vitest';
import { alertBody, type AlertBody } from '../../src/alerts/alert-message.ts';
import { observedScreens } from '../../src/alerts/condition.ts';
import { alertOptions } from '../../src/alerts/options.ts';
import { type Delivery, Outbox } from '../../src/alerts/outbox.ts';
import { ScreenAlerts, type ScreenAlertsOptions } from '../../src/alerts/screen-alerts.ts';
import type { Change } from '../../src/alerts/watched-screens.ts';
import { Unavailable } from '../../src/backend/backend.ts';
import { readOptions } from '../../src/config.ts';
import { entrySources } from '../../src/screens/roster-entry.ts';
import type { RosterRow } from '../../src/screens/roster-row.ts';
import type { ScreenKind, StoredScreen } from '../../src/screens/screens.ts';
import { MemoryRecords } from '../support/memory-records.ts';
import { recordedLog } from '../support/recorded-log.ts';

const startedAt = Date.UTC(2026, 10, 27);
const delivered: Delivery = { kind: 'delivered' };
const failed: Delivery = { kind: 'failed', reason: 'status 503', afterMs: null };

/** Screens, what they report, and a receiver of alerts. Alerts are checked each second. */
function createWorld(afterMs = 60_000) {
  const clock = { ms: 0 };
  const time = { now: () => startedAt + clock.ms, errorMs: 0, offsetMs: 0 };
  const records = new MemoryRecords(time.now);
  const stored = new Map<string, StoredScreen>();
  const rows = new Map<string, RosterRow>();
  const { log, lines } = recordedLog();
  const received: { at: number; body: AlertBody }[] = [];
  const world = { isLeader: true, delivery: delivered as Delivery, outage: null as 'redis-down' | null };
  const add = (id: string, kind: ScreenKind = 'screen'): void => {
    const value = { name: id.toUpperCase(), group: 'hall', face: '', jti: id, createdAt: 0, expiresAt: Infinity };
    stored.set(id, { kind, id, value } as StoredScreen);
  };
  const report = (id: string, more: Partial<RosterRow> = {}, key = id): void => {
    const kind = stored.get(id)?.kind ?? 'session';
    const facts = { address: '192.0.2.7', build: 'x', offsetMs: 0, errorMs: 5, since: 0, seenAt: 0, connections: 1 };
    rows.set(key, { kind, id, state: 'live', ...facts, ...more });
  };
  const createAlerts = (options: Partial<ScreenAlertsOptions> = {}): ScreenAlerts =>
    new ScreenAlerts({
      backend: {
        get outage() {
          return world.outage;
        },
        records,
        time,
      },
      view: {
        sources: async () => {
          if (records.isAway) throw new Unavailable('redis-down');
          return [...entrySources(new Map([['web', rows]]), stored, time.now(), () => {}).values()];
        },
      },
      isLeader: () => world.isLeader,
      afterMs,
      post: async (body) => {
        received.push({ at: clock.ms, body });
        return world.delivery;
      },
      log,
      now: () => clock.ms,
      ...options,
    });
  const pass = async (alerts: ScreenAlerts, ms: number): Promise<void> => {
    for (const end = clock.ms + ms; clock.ms < end; clock.ms += 1_000) await alerts.check();
  };
  return { world, clock, records, stored, rows, lines, received, add, report, createAlerts, pass };
}

describe('a screen', () => {
  function conditionOf(kind: ScreenKind, ...reported: Partial<RosterRow>[]): string | undefined {
    const { add, report, stored, rows } = createWorld();
    add('a', kind);
    for (const [index, more] of reported.entries()) report('a', more, `a${index}`);
    return observedScreens(entrySources(new Map([['web', rows]]), stored, 0, () => {}).values())[0]?.condition;
  }

  test.each<[string, Partial<RosterRow>[]]>([
    ['dark', []],
    ['dark', [{ state: 'stale' }]],
    ['dark', [{ state: 'silent' }]],
    ['good', [{ state: 'live', errorMs: 250 }]],
    ['wrong', [{ state: 'live', errorMs: 251 }]],
    ['wrong', [{ state: 'live', errorMs: 1, differs: true }]],
    ['unknown', [{ state: 'connected' }]],
  ])('is %s if its socket reports %j', (condition, reported) => {
    expect(conditionOf('screen', ...reported)).toBe(condition);
  });

  test.each<[string, Partial<RosterRow>[]]>([
    ['dark', []],
    ['good', [{ state: 'stale' }]],
    ['wrong', [{ errorMs: 300 }, { errorMs: 1 }]],
  ])('of a link is %s if its players report %j', (condition, reported) => {
    expect(conditionOf('link', ...reported)).toBe(condition);
  });

  test('is not observed without a record', () => {
    const { report, rows } = createWorld();
    report('person');
    expect(observedScreens(entrySources(new Map([['web', rows]]), new Map(), 0, () => {}).values())).toEqual([]);
  });
});

describe('the alerts', () => {
  test('tell that a screen was dark for a minute, after 10 s of gathering, and that it is back a minute later', async () => {
    const { add, report, rows, received, createAlerts, pass } = createWorld();
    const alerts = createAlerts();
    add('a');
    report('a');
    await pass(alerts, 100_000);
    expect(received).toEqual([]);
    rows.clear();
    await pass(alerts, 100_000);
    const screen = { id: 'a', name: 'A', group: 'hall', since: startedAt + 100_000 };
    expect(received).toHaveLength(1);
    expect(received[0]?.at).toBe(170_000);
    expect(received[0]?.body).toMatchObject({ at: startedAt + 170_000, text: '1 screen is dark: A.', dark: [screen] });
    report('a');
    await pass(alerts, 100_000);
    expect(received).toHaveLength(2);
    expect(received[1]?.at).toBe(270_000);
    const back = [{ ...screen, since: startedAt + 200_000 }];
    expect(received[1]?.body).toMatchObject({ text: '1 screen is back: A.', dark: [], wrong: [], back, more: 0 });
  });

  test('say nothing of a screen that is away for less than a minute', async () => {
    const { add, report, rows, received, createAlerts, pass } = createWorld();
    const alerts = createAlerts();
    add('a');
    report('a');
    await pass(alerts, 10_000);
    rows.clear();
    await pass(alerts, 59_000);
    report('a');
    await pass(alerts, 120_000);
    expect(received).toEqual([]);
  });

  test('gather what comes within 10 s into one message', async () => {
    const { add, report, rows, received, createAlerts, pass } = createWorld();
    const alerts = createAlerts();
    for (const id of ['a', 'b', 'c']) {
      add(id);
      report(id);
    }
    await pass(alerts, 5_000);
    rows.delete('a');
    await pass(alerts, 5_000);
    rows.delete('b');
    report('c', { errorMs: 400 });
    await pass(alerts, 100_000);
    expect(received.map(({ body }) => body.text)).toEqual([
      '2 screens are dark: A, B. 1 screen is live but may be wrong: C.',
    ]);
  });

  test('repeat a message under its id after 1, 2, 4 ... 60 s, warn once, and give up after an hour', async () => {
    const { world, add, received, lines, createAlerts, pass } = createWorld();
    const alerts = createAlerts();
    world.delivery = failed;
    add('a');
    await pass(alerts, 3_900_000);
    expect(new Set(received.map(({ body }) => body.id)).size).toBe(1);
    const gaps = received.slice(1).map(({ at }, index) => (at - (received[index]?.at ?? 0)) / 1_000);
    expect(gaps.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect((received.at(-1)?.at ?? 0) - (received[0]?.at ?? 0)).toBeGreaterThanOrEqual(3_600_000);
    expect(lines.map(({ msg }) => msg)).toEqual([
      'the alert webhook did not accept a message; trying again for an hour',
      'an alert was dropped: the webhook did not accept it',
    ]);
  });

  test('obey Retry-After, and drop a message that is refused with one line', async () => {
    const { world, add, received, lines, createAlerts, pass } = createWorld();
    const alerts = createAlerts();
    world.delivery = { ...failed, afterMs: 30_000 };
    add('a');
    await pass(alerts, 71_000);
    world.delivery = { kind: 'refused', reason: 'status 404' };
    await pass(alerts, 200_000);
    expect(received.map(({ at }) => at)).toEqual([70_000, 100_000]);
    expect(lines.at(-1)).toMatchObject({ level: 50, reason: 'status 404' });
  });

  test('are continued by a new leader, which repeats what may not have been delivered', async () => {
    const { world, add, report, received, createAlerts, pass } = createWorld();
    const first = createAlerts();
    add('a');
    world.delivery = failed;
    await pass(first, 72_000);
    world.delivery = delivered;
    const second = createAlerts();
    await pass(second, 100_000);
    expect(new Set(received.map(({ body }) => body.id)).size).toBe(1);
    report('a');
    const third = createAlerts();
    await pass(third, 100_000);
    expect(received.at(-1)?.body.text).toBe('1 screen is back: A.');
  });

  test('are not sent by a beat that was suspended and does not know yet that another one leads', async () => {
    const { add, received, createAlerts, pass } = createWorld();
    const suspended = createAlerts();
    add('a');
    await pass(suspended, 65_000);
    await pass(createAlerts(), 100_000);
    expect(received).toHaveLength(1);
    await pass(suspended, 100_000);
    expect(received).toHaveLength(1);
  });

  test('of a new leader survive the answer to a request of the previous one', async () => {
    const { world, add, received, createAlerts, pass } = createWorld();
    const { promise: answer, resolve } = Promise.withResolvers<Delivery>();
    const posted = Promise.withResolvers<void>();
    const post = (): Promise<Delivery> => {
      posted.resolve();
      return answer;
    };
    const first = createAlerts({ post });
    add('a');
    await pass(first, 70_000);
    const sending = first.check();
    await posted.promise;
    const second = createAlerts();
    await pass(second, 10_000);
    world.delivery = failed;
    add('b');
    await pass(second, 75_000);
    resolve(delivered);
    await sending;
    world.delivery = delivered;
    await pass(createAlerts(), 100_000);
    const aboutB = received.filter(({ body }) => body.dark.some(({ id }) => id === 'b'));
    expect(aboutB.length).toBeGreaterThan(1);
    expect(new Set(aboutB.map(({ body }) => body.id)).size).toBe(1);
  });

  test('are sent by the leader alone, and not while Redis is away', async () => {
    const { world, records, add, received, createAlerts, pass } = createWorld();
    const alerts = createAlerts();
    add('a');
    world.isLeader = false;
    await pass(alerts, 100_000);
    world.isLeader = true;
    world.outage = 'redis-down';
    await pass(alerts, 100_000);
    world.outage = null;
    records.isAway = true;
    await pass(alerts, 100_000);
    expect(received).toEqual([]);
    records.isAway = false;
    await pass(alerts, 100_000);
    expect(received).toHaveLength(1);
  });

  test('say nothing of a screen that was removed', async () => {
    const { add, stored, received, createAlerts, pass } = createWorld();
    const alerts = createAlerts();
    add('a');
    await pass(alerts, 65_000);
    stored.clear();
    await pass(alerts, 100_000);
    expect(received).toEqual([]);
  });
});

describe('a message', () => {
  test('names 100 screens at most, and says how many more there are', () => {
    const changes = Array.from({ length: 250 }, (_, index): Change => {
      return { kind: 'dark', id: `s${index}`, name: `S${index}`, group: null, since: index };
    });
    const body = alertBody('x', 1, changes);
    expect([body.dark.length, body.more]).toEqual([100, 150]);
    expect(body.text).toBe('250 screens are dark: S0, S1, S2, S3, S4 and 245 more.');
  });
});

describe('the outbox', () => {
  test('sends at most one message in 10 s', () => {
    const outbox = new Outbox(false, 0);
    expect([outbox.next(true, 0), outbox.next(true, 9_999), outbox.next(true, 10_000)]).toEqual([
      'nothing',
      'nothing',
      'compose',
    ]);
    outbox.onComposed(10_000);
    expect(outbox.next(false, 10_000)).toBe('send');
    expect(outbox.onDelivery(delivered, 12_000)).toBe(true);
    expect([outbox.next(true, 12_000), outbox.next(true, 21_999), outbox.next(true, 22_000)]).toEqual([
      'nothing',
      'nothing',
      'compose',
    ]);
  });
});

describe('CLOCK_ALERT_WEBHOOK', () => {
  test.each(['hooks.example', 'ftp://hooks.example/', 'redis://x'])('refuses %j without showing it', (text) => {
    const read = (): unknown => readOptions(alertOptions, {}, { CLOCK_ALERT_WEBHOOK: text });
    expect(read).toThrow(/^CLOCK_ALERT_WEBHOOK: its value must be /);
  });

  test('has no default, and --alert-after has one of a minute', () => {
    expect(readOptions(alertOptions, {}, {})).toEqual({ alertWebhook: undefined, alertAfterMs: 60_000 });
  });
});
