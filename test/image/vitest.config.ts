import { defineConfig } from 'vitest/config';

/** Apart from the other tests: it builds an image first, as root, which takes minutes. */
export default defineConfig({
  test: { name: 'image', include: ['test/image/*.test.ts'], testTimeout: 30_000, hookTimeout: 900_000 },
});
