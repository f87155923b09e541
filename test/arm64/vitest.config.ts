import { defineConfig } from 'vitest/config';

/** A separate run: it installs an emulator, and npm downloads the Node of another architecture. */
export default defineConfig({
  test: {
    name: 'arm64',
    include: ['test/arm64/*.test.ts'],
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 180_000,
    hookTimeout: 600_000,
  },
});
