import { v7 as uuidv7 } from 'uuid';

import { deadLettersCommand } from '../../src/commands/dead-letters.ts';
import { forgetCommand } from '../../src/commands/forget.ts';
import { writeDeadLetter } from '../../src/dead-letters/desk.ts';
import { AuditLog, DeadLetter } from '../../src/entity/index.ts';
import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { runCommand } from './run-command.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  process.env.DATABASE_URL = database.url;
  process.env.LOG_LEVEL = 'silent';
});
beforeEach(() => database.dataSource.query('delete from dead_letter'));
afterAll(() => database.drop());

const command = (...args: readonly string[]) =>
  runCommand(deadLettersCommand(), ...args);

const json = async (...args: readonly string[]) => {
  const { output, error } = await command(...args, '--json');
  if (error) throw error;
  return JSON.parse(output) as Record<string, unknown>;
};

/** A message whose worker finds the comment gone and is content, or one that it cannot read. */
const bury = async (payload: unknown = { commentId: uuidv7() }) => {
  const eventId = uuidv7();
  await writeDeadLetter(database.dataSource.manager, {
    source: 'pubsub',
    subscription: 'api.comment-markdown',
    topic: 'comment-changed',
    identity: eventId,
    eventId,
    messageId: '17',
    publishTime: new Date(),
    payload: Buffer.from(JSON.stringify(payload)),
    attributes: { id: eventId },
    error: new Error(`the comment ${eventId} is broken`),
    attempts: 5,
  });
  return database.dataSource
    .getRepository(DeadLetter)
    .findOneByOrFail({ identity: eventId });
};

const stateOf = async (id: string) =>
  (await database.dataSource.getRepository(DeadLetter).findOneByOrFail({ id }))
    .state;

test('an empty desk says so', async () => {
  expect((await command('list')).output).toBe(
    'no dead letters are open that match; --state any shows the others',
  );
});

test('list groups by fingerprint, and shows single entries page by page', async () => {
  const { fingerprint } = await bury();
  await bury();
  const { output } = await command('list');
  expect(output).toMatch(/^FINGERPRINT +ENTRIES +STATE +SUBSCRIPTION/);
  expect(output).toMatch(
    new RegExp(`${fingerprint} +2 +open +api.comment-markdown .* is broken`),
  );
  expect(await json('list')).toMatchObject({
    entries: 2,
    groups: [{ fingerprint, entries: 2 }],
  });
  const first = await command('list', '--entries', '--limit', '1');
  const [, next = ''] = /--after (\S+)/.exec(first.output) ?? [];
  const second = await json('list', '--entries', '--after', next);
  expect(second.entries).toHaveLength(1);
});

test('show tells everything about one entry', async () => {
  const { id } = await bury({ commentId: 'c1' });
  const { output } = await command('show', id);
  expect(output).toContain('subscription  api.comment-markdown');
  expect(output).toContain('"commentId": "c1"');
  expect(output).toMatch(/Error: the comment .* is broken\n +at /);
  expect(await json('show', id)).toMatchObject({
    document: { commentId: 'c1' },
    payload: Buffer.from('{"commentId":"c1"}').toString('base64'),
  });
  const missing = await command('show', uuidv7());
  expect(missing.error?.message).toContain('expected the id of an entry');
  expect(missing.exitCode).toBe(1);
});

test('a canary goes first, then the rest', async () => {
  const canary = await bury();
  const rest = [await bury(), await bury()];
  const one = await command('redrive', '--one', '--actor', 'on-call');
  expect(one).toMatchObject({ exitCode: 0 });
  expect(one.output).toContain('1 redriven');
  expect(one.output).toContain('the canary came through; 2 entries more');
  expect(await stateOf(canary.id)).toBe('redriven');
  for (const { id } of rest) expect(await stateOf(id)).toBe('open');

  const report = await json(
    'redrive',
    '--fingerprint',
    canary.fingerprint,
    '--reason',
    'mended',
    '--actor',
    'on-call',
  );
  expect(report).toMatchObject({ redriven: 2, failed: 0, remaining: 0 });
  expect(
    await database.dataSource
      .getRepository(AuditLog)
      .findBy({ operation: String(report.operation) }),
  ).toMatchObject([
    { actor: 'on-call', reason: 'mended', counts: { chosen: 2 } },
    { counts: { redriven: 2 } },
  ]);
});

test('a dry run does nothing, not even in the audit log', async () => {
  const { id } = await bury();
  const before = await database.dataSource.getRepository(AuditLog).count();
  const { output } = await command('redrive', '--all', '--dry-run');
  expect(output).toContain('would redrive 1 of 1 entry');
  await command('resolve', '--all', '--dry-run', '--reason', 'x');
  expect(await stateOf(id)).toBe('open');
  expect(await database.dataSource.getRepository(AuditLog).count()).toBe(
    before,
  );
});

test('what fails again is told by its reason, and the exit code is 2', async () => {
  const { id } = await bury({ commentId: 'no uuid' });
  const result = await command('redrive', id);
  expect(result.exitCode).toBe(2);
  expect(result.output).toMatch(/0 redriven, 1 failed/);
  expect(result.output).toMatch(
    /1 × api.comment-markdown {2}failed: InvalidPayload/,
  );
  expect(await stateOf(id)).toBe('open');
});

test('what is not open is skipped, unless it is to run again', async () => {
  const { id } = await bury();
  await command('redrive', id);
  const skipped = await command('redrive', id);
  expect(skipped).toMatchObject({ exitCode: 2 });
  expect(skipped.output).toContain('skipped: not open');
  expect(await json('redrive', id, '--again')).toMatchObject({ redriven: 1 });
});

test('payload paths choose what is redriven', async () => {
  const commentId = uuidv7();
  const wanted = await bury({ commentId });
  const other = await bury();
  expect(
    await json('redrive', '--payload', `commentId=${commentId}`),
  ).toMatchObject({ redriven: 1 });
  expect(await stateOf(wanted.id)).toBe('redriven');
  expect(await stateOf(other.id)).toBe('open');
});

test('resolve says who and why', async () => {
  const { id } = await bury();
  const { output } = await command(
    'resolve',
    id,
    '--reason',
    'deleted',
    '--actor',
    'on-call',
  );
  expect(output).toBe('1 resolved; 0 more that match are open');
  expect((await command('show', id)).output).toMatch(
    /by on-call at .*: deleted/,
  );
});

test.each([
  ['redrive', 'expected ids or a filter'],
  ['resolve --reason x', 'expected ids or a filter'],
  ['resolve --all', '--reason'],
  ['redrive --older-than soon', 'a duration'],
  ['list --payload nonsense', 'path=value'],
  ['list --limit 0', 'whole number'],
  ['list --state closed', 'Allowed choices'],
  ['show 17', 'id of an entry'],
])('refuses: %s', async (line, message) => {
  await bury();
  const { error, exitCode } = await command(...line.split(' '));
  expect(exitCode).toBe(1);
  expect(error?.message).toContain(message);
});

test('forget shows, then erases', async () => {
  const user = uuidv7();
  const { id } = await bury({ commentId: uuidv7(), note: user });
  await writeDeadLetter(database.dataSource.manager, {
    source: 'pubsub',
    subscription: 'post-upvoted-rep',
    topic: 'post-upvoted',
    identity: uuidv7(),
    payload: Buffer.from(JSON.stringify({ postId: uuidv7(), userId: user })),
    attributes: {},
    error: new Error('no'),
    attempts: 5,
  });
  const dry = await runCommand(forgetCommand(), user, '--dry-run');
  expect(dry).toMatchObject({ exitCode: 2 });
  expect(dry.output).toMatch(/desk +post-upvoted +1 +0/);
  expect(dry.output).toContain('nothing was erased');
  expect((await runCommand(forgetCommand(), user)).output).toContain(
    '1 erased',
  );
  expect(await runCommand(forgetCommand(), user, '--mentions')).toMatchObject({
    exitCode: 0,
  });
  expect((await command('show', id)).output).toContain('(erased)');
  const wrong = await runCommand(forgetCommand(), 'somebody');
  expect(wrong.error?.message).toContain('UUID');
});
