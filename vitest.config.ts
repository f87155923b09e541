import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config';

/** A ring of tests that run the built `dist/`. */
function ringOnDist(name: string): TestProjectInlineConfiguration {
  return {
    extends: true,
    test: { name, include: [`test/${name}/**/*.test.ts`], globalSetup: ['test/support/dist.ts'] },
  };
}

export default defineConfig({
  test: {
    // CI has two cores. With more files at once, tests miss their deadlines.
    maxWorkers: 2,
    execArgv: ['--disable-warning=ExperimentalWarning'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        test: { name: 'unit', include: ['test/unit/**/*.test.ts'], setupFiles: ['test/support/properties.ts'] },
      },
      ringOnDist('integration'),
      ringOnDist('e2e'),
      ringOnDist('faults'),
    ],
  },
});
