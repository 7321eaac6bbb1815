import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { PATIENCE_MS } from './test/support/patience.ts';
import { SkippedReporter } from './test/support/skipped-reporter.ts';

/** A suite of this name is left out of `npm test`. */
const HEAVY = 'test/**/*.heavy.test.ts';

/** The pages with a browser and a registry, which wait for both most of the time: they run among the unit tests. */
const PAGES = 'test/e2e/{pages,pages-*,inventory,inventory-*,inner-registry}.test.ts';

/**
 * Heavy suites that measure time, memory or descriptors, or that change what is there once on a machine: its services, its
 * addresses, the files of this checkout.
 */
const ALONE = [
  'clock',
  'disk-log',
  'embedded-large',
  'hardening-fail2ban',
  'hardening-service',
  'hardening-start',
  'low-descriptors',
  'metrics-workers',
  'package',
  'rolling-restart',
  'up',
  'vanished-client',
  'workers',
  'workers-limits',
]
  .map((name) => `test/e2e/${name}.heavy.test.ts`)
  .concat([
    'test/auth/abuse/economics.heavy.test.ts',
    'test/backend/embedded/loop-turns.heavy.test.ts',
    'test/faults/memory.heavy.test.ts',
    'test/hostile/soak.heavy.test.ts',
    'test/security/limits.heavy.test.ts',
  ]);

export default defineConfig({
  test: {
    pool: 'forks',
    globalSetup: 'test/support/global-setup.ts',
    reporters: ['default', new SkippedReporter()],
    // `expect.poll` waits as long as the rest of the tests do.
    expect: { poll: { timeout: PATIENCE_MS } },
    setupFiles: 'test/support/setup-file.ts',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/!(e2e)/**/*.test.ts', PAGES],
          exclude: [HEAVY],
          // Half of the time these wait for a timer or for a program of their own.
          maxWorkers: availableParallelism() + 1,
          testTimeout: 600_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Whole engines and registries, which wait for each other: two files at a time, and not beside the unit tests.
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: [HEAVY, PAGES],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // What takes longer than a developer waits: run by `npm run test:heavy`, `npm run test:all` and CI.
        extends: true,
        test: {
          name: 'heavy',
          include: [HEAVY],
          exclude: ALONE,
          testTimeout: 1_200_000,
          hookTimeout: 1_200_000,
          // These wait for timers most of the time.
          maxWorkers: 2,
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'heavy-alone',
          include: ALONE,
          testTimeout: 1_200_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
