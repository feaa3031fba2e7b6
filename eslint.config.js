import eslint from '@eslint/js';
import { importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'node_modules',
      '.local',
      'coverage',
      'dist',
      'dashboard/dist*',
      'dashboard/src/api/schema.d.ts',
      'src/generated',
      'debezium/target',
      '.infra/node_modules',
      // Packages of their own, which the root does not install, give these their types.
      '.infra/*.ts',
      '!.infra/common.ts',
      '.infra/__tests__',
      '.infra/smoke',
    ],
  },
  eslint.configs.recommended,
  tseslint.configs.recommendedTypeChecked,
  {
    plugins: { 'import-x': importX },
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['*.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // A table of declarations may be empty, which makes types made of it `never`.
      '@typescript-eslint/no-redundant-type-constituents': 'off',
      'import-x/no-duplicates': 'error',
      'max-lines': ['error', { max: 600 }],
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['__tests__/**'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      'no-restricted-imports': [
        'error',
        {
          name: 'fast-check',
          message:
            'Take it from __tests__/random/property.ts: a run has one seed.',
        },
      ],
    },
  },
  {
    files: ['__tests__/random/property.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    // A worker's error is what makes its message come again: swallowed, the message is lost.
    files: ['src/workers/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'CatchClause:not(:has(ThrowStatement))',
          message:
            'A worker must not swallow an error: throw it, or another one, so that the message comes again.',
        },
        {
          selector:
            "CallExpression[callee.property.name='catch']:not(:has(ThrowStatement))",
          message:
            'A worker must not swallow an error: throw it, or another one, so that the message comes again.',
        },
      ],
    },
  },
  {
    files: ['bin/**', 'bench/**', 'chaos/**', 'scripts/**', 'src/commands/**'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['dashboard/public/**'],
    languageOptions: {
      globals: { document: 'readonly', localStorage: 'readonly' },
    },
  },
  { files: ['**/*.js'], extends: [tseslint.configs.disableTypeChecked] },
);
