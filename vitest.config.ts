import { defineConfig } from 'vitest/config';

/**
 * One runner for every kind of test. `unit` is fast and has no I/O; `integration` starts real workers, sockets and
 * databases; `browser` drives Debian's Chromium. `npm test` runs them in that order.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'server/{src,protocol,worker,cli}/**/*.test.ts',
            'client/**/src/**/*.test.{ts,tsx}',
            'turn/**/*.test.ts',
            'loadtest/{src,bench}/**/*.test.ts',
          ],
          testTimeout: 10_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['server/test/**/*.test.ts', 'loadtest/test/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['client/web/e2e/**/*.test.ts', 'loadtest/e2e/**/*.test.ts'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
