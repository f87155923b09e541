import { defineConfig } from 'vitest/config';

/** A separate run, since it builds an image first, which needs root and takes minutes. */
export default defineConfig({
  test: { name: 'image', include: ['test/image/*.test.ts'], testTimeout: 120_000, hookTimeout: 900_000 },
});
