import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

test('a statement that failed is logged without what it carried, wherever the error stands', async () => {
  const script = `
    import { QueryFailedError } from 'typeorm';
    import { createLogger } from './src/logger.ts';
    const driver = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: 'Key (email)=(ana@example.com) already exists.',
    });
    const failed = new QueryFailedError('insert into x values ($1)', ['ana@example.com'], driver);
    const logger = createLogger('test');
    logger.error({ err: failed }, 'one');
    logger.child({ job: 1 }).error(failed, 'two');
    logger.error({ err: new AggregateError([failed], 'all of it') }, 'three');
  `;
  const child = spawn(
    process.execPath,
    ['--import', 'tsx/esm', '--input-type=module', '--eval', script],
    {
      cwd: new URL('..', import.meta.url),
      env: { ...process.env, LOG_LEVEL: 'info', NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const output = await text(child.stdout);
  const lines = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { err: object });
  expect(lines).toMatchObject([
    { msg: 'one', err: { type: 'QueryFailedError', code: '23505' } },
    { msg: 'two', err: { query: 'insert into x values ($1)' } },
    { msg: 'three', err: { aggregateErrors: [{ code: '23505' }] } },
  ]);
  expect(output).not.toContain('ana@example.com');
});
