import { expect, test } from 'vitest';
import { Unavailable, type ConnectionReport } from '../../src/backend/backend.ts';
import { Spread } from '../../src/web/spread.ts';

/** A started spread. `run` is its periodic task, and `answers` are those of its reports, in their order. */
async function startedSpread() {
  const answers: PromiseWithResolvers<ConnectionReport>[] = [];
  const confirmed: number[] = [];
  let run = (): void => {};
  const spread = new Spread({
    backend: {
      reportConnections: () => {
        const answer = Promise.withResolvers<ConnectionReport>();
        answers.push(answer);
        return answer.promise;
      },
    },
    owner: 'me',
    connections: () => 1,
    roster: { changes: () => ({ after: 0, rows: {} }), confirm: (version) => void confirmed.push(version) },
    housekeeping: {
      add: (task) => {
        run = task;
        return () => {};
      },
    },
  });
  const started = spread.start();
  answers[0]?.resolve({ total: 2_000, rosterVersion: 1 });
  await started;
  return { spread, answers, confirmed, run: () => run() };
}

test('the spread grows with the sockets of the installation', async () => {
  const { spread, confirmed } = await startedSpread();
  expect([spread.ms, confirmed]).toEqual([1_400, [1]]);
});

test('a report waits for the answer to the one before, or for its failure', async () => {
  const { answers, confirmed, run } = await startedSpread();
  run();
  run();
  expect(answers.length).toBe(2);
  answers[1]?.reject(new Unavailable('redis-down'));
  await expect.poll(() => (run(), answers.length)).toBe(3);
  answers[2]?.resolve({ total: 1, rosterVersion: 2 });
  await expect.poll(() => confirmed).toEqual([1, 2]);
});
