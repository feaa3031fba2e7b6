import {
  type DeadLetterInput,
  writeDeadLetter,
} from '../../src/dead-letters/desk.ts';
import { messageIdentity } from '../../src/dead-letters/identity.ts';
import { AuditLog, DeadLetter } from '../../src/entity/index.ts';
import { useTestDatabase } from '../setup/use-test-database.ts';

const database = useTestDatabase();

const input = (changes: Partial<DeadLetterInput> = {}): DeadLetterInput => ({
  source: 'pubsub',
  subscription: 'desk-test',
  topic: 'views',
  identity: crypto.randomUUID(),
  payload: Buffer.from('{"userId":"u1"}'),
  attributes: {},
  error: new Error('no'),
  attempts: 5,
  ...changes,
});

const write = async (letter: DeadLetterInput) => {
  const written = await writeDeadLetter(database.con.manager, letter);
  const entry = await database.con
    .getRepository(DeadLetter)
    .findOneByOrFail({ identity: letter.identity.replaceAll('\0', '␀') });
  return { written, entry };
};

test('a message that fails for good again counts on and reopens its entry', async () => {
  const letter = input();
  const { entry } = await write(letter);
  await database.con.query(
    `update dead_letter set state = 'redriven', state_changed_by = 'me', state_changed_at = now() where id = $1`,
    [entry.id],
  );
  const again = await write({
    ...letter,
    attempts: 1,
    error: new Error('nope'),
  });
  expect(again.entry).toMatchObject({
    id: entry.id,
    attempts: 6,
    state: 'open',
    stateChangedBy: null,
    error: 'Error: nope',
  });
  expect(again.entry.fingerprint).not.toBe(entry.fingerprint);
});

test('a forwarded message that is drained twice counts once', async () => {
  const letter = input({ forwardedId: '17', attempts: 20 });
  expect(await write(letter)).toMatchObject({ written: true });
  expect(await write(letter)).toMatchObject({
    written: false,
    entry: { attempts: 20 },
  });
  expect(await write({ ...letter, forwardedId: '18' })).toMatchObject({
    written: true,
    entry: { attempts: 40 },
  });
});

test('what Postgres cannot store does not keep a message from the desk', async () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const { entry } = await write(
    input({
      identity: 'a\0b',
      orderingKey: '\0',
      attributes: { 'a\0': 'half a pair: \ud800' },
      payload: Buffer.from('{"a\\u0000":"\\u0000\\ud800"}'),
      error: new Error('\0\ud800'),
    }),
  );
  expect(entry).toMatchObject({
    identity: 'a␀b',
    document: { 'a␀': '␀�' },
    error: 'Error: ␀�',
  });
  expect(
    (await write(input({ payload: Buffer.from(deep) }))).entry,
  ).toMatchObject({ document: null });
  expect(
    (await write(input({ document: JSON.parse(deep) as unknown }))).entry,
  ).toMatchObject({ document: null });
  expect(
    (await write(input({ payload: Buffer.from([0xff, 0]) }))).entry,
  ).toMatchObject({ document: null });
});

test('errors are kept within bounds', async () => {
  const { entry } = await write(
    input({ error: new Error('x'.repeat(100_000)) }),
  );
  expect(entry.error.length).toBeLessThan(5_000);
  expect(entry.errorStack?.length).toBeLessThan(20_000);
});

test('what was thrown without being an error is kept as text', async () => {
  expect((await write(input({ error: 'just a text' }))).entry).toMatchObject({
    error: 'Error: just a text',
    errorStack: null,
  });
});

test('a message without an event id is the same one by its publish time and payload', () => {
  const publishTime = new Date('2026-01-01T00:00:00.123Z');
  const payload = Buffer.from('x');
  const identity = messageIdentity({
    eventId: undefined,
    publishTime,
    payload,
  });
  expect(identity).toMatch(/^2026-01-01T00:00:00\.123Z\/[0-9a-f]{64}$/);
  expect(messageIdentity({ eventId: 'e', publishTime, payload })).toBe('e');
});

test.each([
  'update audit_log set actor = $1',
  'delete from audit_log where actor = $1',
])('the audit log refuses: %s', async (statement) => {
  const row = {
    id: crypto.randomUUID(),
    operation: crypto.randomUUID(),
    action: 'test',
    actor: 'me',
    filter: {},
    counts: {},
  };
  await database.con.getRepository(AuditLog).insert(row);
  await expect(database.con.query(statement, ['you'])).rejects.toThrow(
    'append-only',
  );
});
