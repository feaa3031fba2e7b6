import shared from '../../jest.config.js';

/**
 * Drives a real browser against real processes, which takes a minute: a command of its own.
 *
 * @type {import('jest').Config}
 */
export default {
  ...shared,
  rootDir: '../..',
  testMatch: ['<rootDir>/dashboard/browser-tests/*.test.ts'],
  globalSetup: undefined,
  globalTeardown: undefined,
  maxWorkers: 1,
  testTimeout: 120_000,
};
