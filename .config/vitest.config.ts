import { defineConfig } from 'vitest/config';

export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // Real servers on a machine of others: a stall must not turn a good change down. What was tried
    // again is named in the run's last lines. At one's own desk a test passes at once or is mended.
    retry: process.env['CI'] === undefined ? 0 : 2,
    pool: 'forks',
    // Most tests wait for servers: all cores, where the default would leave one idle.
    maxWorkers: '100%',
    disableConsoleIntercept: true,
    reporters: ['default', './test/support/closing-reporter.ts'],
  },
});
