import { defineConfig } from 'vitest/config';

/** Separate from the other tests: it installs Firefox and WebKit, and downloads old browsers on its first run. */
export default defineConfig({
  test: {
    name: 'browsers',
    include: ['test/browsers/*.test.ts'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
