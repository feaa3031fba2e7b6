import { createHash } from 'node:crypto';

import type { FastifyInstance } from 'fastify';
import { getNamedType, isLeafType } from 'graphql';
import { v7 as uuidv7 } from 'uuid';

import { loadConfig, operatorRights } from '../../../src/config.ts';
import { writeDeadLetter } from '../../../src/dead-letters/desk.ts';
import { AuditLog, DeadLetter } from '../../../src/entity/index.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { request, startApi } from '../api.ts';

const tokens = {
  reader: 'a-token-of-somebody-who-reads',
  revealer: 'a-token-of-somebody-who-sees',
};
const operatorSecret = 'the-secret-of-the-operators';
const sha256 = (text: string) =>
  createHash('sha256').update(text).digest('hex');
const headersOf = (token: string) => ({ authorization: `Bearer ${token}` });
const reader = headersOf(tokens.reader);

let database: TestDatabase;
let app: FastifyInstance;
let entry: DeadLetter;

beforeAll(async () => {
  database = await createTestDatabase();
  const operators = JSON.stringify([
    { name: 'ana', sha256: sha256(tokens.reader), rights: ['read'] },
    {
      name: 'ben',
      sha256: sha256(tokens.revealer),
      rights: ['read', 'reveal'],
    },
  ]);
  app = await startApi(database, {
    operatorSecret,
    operators: loadConfig({ OPERATORS: operators }).OPERATORS,
  });
  await writeDeadLetter(database.dataSource.manager, {
    source: 'pubsub',
    subscription: 'api.comment-markdown',
    topic: 'comment-changed',
    identity: 'one',
    payload: Buffer.from(
      JSON.stringify({
        commentId: '0194203a-0af8-7875-aa5c-89b838accc5c',
        content: 'what somebody wrote',
        more: { email: 'ana@example.com', state: 'sent', times: 3 },
      }),
    ),
    attributes: { type: 'comment-changed', note: 'Some text' },
    error: new Error('broken'),
    attempts: 5,
  });
  entry = await database.dataSource
    .getRepository(DeadLetter)
    .findOneByOrFail({ identity: 'one' });
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const forbidden = (right: string) => ({
  data: null,
  errors: [{ extensions: { code: 'FORBIDDEN', right } }],
});

test('a reader can change nothing by GraphQL, whichever field is asked', async () => {
  const { schema } = app.graphql;
  const mutations = Object.values(schema.getMutationType()!.getFields()).filter(
    ({ description }) => description?.startsWith('For operators.'),
  );
  expect(mutations.length).toBeGreaterThan(2);
  const arguments_: Readonly<Record<string, unknown>> = {
    'DeadLetterChoice!': { ids: [entry.id] },
    'ID!': entry.id,
    'String!': 'x',
  };
  for (const { name, args, type } of mutations) {
    const required = args.filter(({ type }) => String(type).endsWith('!'));
    const given = required.filter(
      ({ type, defaultValue }) =>
        defaultValue === undefined && String(type) in arguments_,
    );
    const names = given.map(({ name, type }) => `$${name}: ${String(type)}`);
    const passed = given.map(({ name }) => `${name}: $${name}`);
    const selection = isLeafType(getNamedType(type)) ? '' : '{ __typename }';
    const answer = await request(
      app,
      `mutation (${names.join(', ')}) { ${name}(${passed.join(', ')}) ${selection} }`,
      {
        headers: reader,
        variables: Object.fromEntries(
          given.map(({ name, type }) => [name, arguments_[String(type)]]),
        ),
      },
    );
    expect([name, answer.errors?.[0]?.extensions.code]).toEqual([
      name,
      'FORBIDDEN',
    ]);
  }
  const { state } = await database.dataSource
    .getRepository(DeadLetter)
    .findOneByOrFail({ id: entry.id });
  expect(state).toBe('open');
  await expect(
    database.dataSource.getRepository(AuditLog).count(),
  ).resolves.toBe(0);
});

test.each([
  ['/dead-letters/redrive', 'redrive'],
  ['/dead-letters/resolve', 'resolve'],
  [`/dead-letters/${uuidv7()}/reveal`, 'reveal'],
  ['/forget', 'forget'],
])('a reader can change nothing by POST %s', async (path, right) => {
  const answer = await app.inject({
    method: 'POST',
    url: `/api/operator${path}`,
    headers: reader,
    payload: { all: true, reason: 'x', userId: uuidv7() },
  });
  expect(answer.statusCode).toBe(403);
  expect(answer.json()).toMatchObject(forbidden(right));
});

test('everybody learns who they are and what they may do', async () => {
  const who = '{ operator { name rights everyRight } }';
  expect((await request(app, who, { headers: reader })).data).toEqual({
    operator: { name: 'ana', rights: ['read'], everyRight: false },
  });
  const all = { ...headersOf(operatorSecret), 'x-operator': 'on-call' };
  expect((await request(app, who, { headers: all })).data).toEqual({
    operator: {
      name: 'on-call',
      rights: [...operatorRights],
      everyRight: true,
    },
  });
});

const details = 'entry { id } document attributes payload';

test('what people wrote is hidden from readers, and what the system wrote is not', async () => {
  const { data } = await request(
    app,
    `{ deadLetter(id: "${entry.id}") { ${details} } }`,
    { headers: reader },
  );
  expect(data).toEqual({
    deadLetter: {
      entry: { id: entry.id },
      document: {
        commentId: '0194203a-0af8-7875-aa5c-89b838accc5c',
        content: '(hidden: 19 characters)',
        more: {
          email: '(hidden: 15 characters)',
          state: 'sent',
          times: 3,
        },
      },
      attributes: {
        type: 'comment-changed',
        note: '(hidden: 9 characters)',
      },
      payload: null,
    },
  });
  const rest = await app.inject({
    url: `/api/operator/dead-letters/${entry.id}`,
    headers: reader,
  });
  expect(rest.body).not.toContain('what somebody wrote');
});

test('who reveals an entry stands in the audit log under the name of their token', async () => {
  const { data } = await request(
    app,
    `mutation { revealDeadLetter(id: "${entry.id}", reason: "a complaint") { ${details} } }`,
    // Nobody reveals under another's name.
    { headers: { ...headersOf(tokens.revealer), 'x-operator': 'somebody' } },
  );
  expect(data).toMatchObject({
    revealDeadLetter: { document: { content: 'what somebody wrote' } },
  });
  const [action] = await database.dataSource
    .getRepository(AuditLog)
    .find({ order: { id: 'DESC' }, take: 1 });
  expect(action).toMatchObject({
    action: 'dead-letters.reveal',
    actor: 'ben',
    reason: 'a complaint',
    filter: { ids: [entry.id] },
  });
});

test.each([
  ['no JSON', 'ana'],
  [
    'a token instead of its hash',
    '[{"name":"a","sha256":"x","rights":["read"]}]',
  ],
  [
    'an unknown right',
    `[{"name":"a","sha256":"${sha256('a')}","rights":["all"]}]`,
  ],
  [
    'one token for two',
    JSON.stringify(
      [1, 2].map((name) => ({
        name: String(name),
        sha256: sha256('a'),
        rights: ['read'],
      })),
    ),
  ],
])('OPERATORS with %s is refused, and not shown', (_, OPERATORS) => {
  expect(() => loadConfig({ OPERATORS })).toThrow(/OPERATORS.*\(hidden\)/s);
});
