import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const tests = join(import.meta.dirname, '../../deploy/prometheus/alerts.test.yaml');

test('the alerting rules fire as their tests expect', () => {
  const { stdout, status } = spawnSync('promtool', ['test', 'rules', tests], { encoding: 'utf8' });
  expect(stdout).toContain('SUCCESS');
  expect(status).toBe(0);
});
