/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/__tests__/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  globalSetup: '<rootDir>/__tests__/setup/global-setup.ts',
  globalTeardown: '<rootDir>/__tests__/setup/global-teardown.ts',
  testSequencer: '<rootDir>/jest.sequencer.js',
  maxWorkers: 4,
  // The modules of each file stay in its worker, some 40 MB: much of it is slow to end, too.
  workerIdleMemoryLimit: '1GB',
  // Only what hangs takes so long; what is slow because the machine is busy with something else does not fail.
  testTimeout: 120_000,
  modulePathIgnorePatterns: ['<rootDir>/.local', '<rootDir>/debezium/target'],
  watchPathIgnorePatterns: ['<rootDir>/.local'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2024',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, useDefineForClassFields: false },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};
