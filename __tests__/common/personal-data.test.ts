import { create, toBinary } from '@bufbuild/protobuf';
import { z } from 'zod';

import { capturedTables } from '../../src/cdc/tables.ts';
import { namesUser, personalPaths } from '../../src/common/personal-data.ts';
import { topics } from '../../src/common/typedPubsub.ts';
import { MatchedCandidateSchema } from '../../src/generated/gondul/v1/matched_candidate_pb.ts';
import { useTestDatabase } from '../setup/use-test-database.ts';

const database = useTestDatabase();
const user = '0198c3a4-7e1c-7d52-9a37-1f0a5c1f4c11';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

test('every field of a JSON topic that is named for a user is known', () => {
  for (const [topic, definition] of Object.entries(topics)) {
    if (definition.kind !== 'json') continue;
    const { properties = {} } = z.toJSONSchema(definition.schema, {
      unrepresentable: 'any',
    });
    const named = Object.keys(properties).filter((field) =>
      /^(user|author|actor|recipient|viewer|grantTo|grantBy)Ids?$/.test(field),
    );
    const known = personalPaths[topic as keyof typeof personalPaths].map(
      (path) => path.join('.'),
    );
    expect({ topic, known }).toEqual({ topic, known: named });
  }
});

test('every column of a captured table that refers to a user is known', async () => {
  const columns = await database.con.query<{ table: string; column: string }[]>(
    `select c.conrelid::regclass::text as table, a.attname as column
       from pg_constraint c
       join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any(c.conkey)
      where c.contype = 'f' and c.confrelid = '"user"'::regclass`,
  );
  const captured = columns.filter(({ table }) =>
    capturedTables.some((one) => one.table === table),
  );
  expect(captured.length).toBeGreaterThan(3);
  for (const { table, column } of captured) {
    const topic = capturedTables.find((one) => one.table === table)!.topic;
    expect(personalPaths[topic]).toContainEqual(['payload', 'after', column]);
    expect(personalPaths[topic]).toContainEqual(['payload', 'before', column]);
  }
});

test.each([
  ['an event', 'post-upvoted', json({ postId: 'p', userId: user })],
  ['an id in capitals', 'user-created', json({ userId: user.toUpperCase() })],
  [
    'a Protobuf message',
    'gondul.v1.candidate-opportunity-match',
    Buffer.from(
      toBinary(
        MatchedCandidateSchema,
        create(MatchedCandidateSchema, { userId: user }),
      ),
    ),
  ],
  [
    'a row that is gone',
    'api.changes',
    json({ schema: {}, payload: { before: { author_id: user }, after: null } }),
  ],
  [
    'a row of users',
    'api.changes',
    json({ schema: {}, payload: { before: null, after: { id: user } } }),
  ],
])('%s names its user', (_, topic, payload) => {
  expect(namesUser(topic, payload, user)).toBe(true);
});

test.each([
  ['another user', 'user-created', json({ userId: 'somebody' })],
  ['another field', 'user-created', json({ about: user })],
  ['an unknown topic', 'views', json({ userId: user })],
  ['a property of all objects', 'toString', json({ userId: user })],
  ['bytes that are no message', 'user-created', Buffer.from([0xff])],
  ['null', 'api.changes', json(null)],
])('%s is no name', (_, topic, payload) => {
  expect(namesUser(topic, payload, user)).toBe(false);
});
