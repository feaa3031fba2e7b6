import { ConfigError, loadConfig } from '../src/config.ts';

const problemsOf = (environment: NodeJS.ProcessEnv): ConfigError => {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('expected the environment to be refused');
};

test('every wrong variable is told at once, with what was expected and what was given', () => {
  const error = problemsOf({
    PORT: 'abc',
    HEALTH_PORT: '70000',
    LOG_LEVEL: 'loud',
    MAIL_TRANSPORT: 'smtp',
  });
  expect(error.problems.map(({ variable }) => variable).sort()).toEqual([
    'HEALTH_PORT',
    'LOG_LEVEL',
    'PORT',
    'SMTP_URL',
  ]);
  expect(error.message).toContain('PORT: expected number, got: "abc"');
  expect(error.message).toContain('got: nothing');
});

test('a secret or an address with a password is not shown', () => {
  const { message } = problemsOf({
    API_SECRET: 'short',
    DATABASE_URL: 'mysql://someone:hunter2@host/db',
  });
  expect(message).not.toContain('short');
  expect(message).not.toContain('hunter2');
  expect(message).toContain('(hidden)');
});

test('an empty variable counts as not set', () => {
  expect(loadConfig({ PORT: '', API_SECRET: '' })).toEqual(loadConfig({}));
});
