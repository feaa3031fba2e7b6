import { createHash } from 'node:crypto';

import type { FastifyInstance } from 'fastify';

import { loadConfig, operatorRights } from '../../../src/config.ts';
import { writeDeadLetter } from '../../../src/dead-letters/desk.ts';
import { AuditLog, DeadLetter } from '../../../src/entity/index.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { request, startApi } from '../api.ts';

const tokens = {
  reader: 'a-token-of-somebody-who-reads',
  revealer: 'a-token-of-somebody-who-sees',
  editor: 'a-token-of-somebody-who-edits',
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
    {
      name: 'eva',
      sha256: sha256(tokens.editor),
      rights: ['read', 'edit'],
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
    error: new Error(
      'cannot render what somebody wrote for "ana" (ana@example.com)',
    ),
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

const guesses: readonly (readonly [what: string, query: string])[] = [
  ['the list', 'deadLetters(filter: { payload: $payload }) { next }'],
  ['the groups', 'deadLetterGroups(filter: { payload: $payload }) { entries }'],
  [
    'the preview',
    'redrivePreview(choice: { payload: $payload, all: true }) { matching }',
  ],
  [
    'the count of a bulk action',
    'bulkPreview(kind: redriveDeadLetters, deadLetters: { payload: $payload }) { matching }',
  ],
];

test.each(guesses)(
  'a reader cannot guess by %s what is hidden, but finds what is shown',
  async (_, field) => {
    const search = (condition: string) =>
      request(app, `query ($payload: [String!]) { ${field} }`, {
        headers: reader,
        variables: { payload: [condition] },
      });
    for (const hidden of [
      'content=what somebody wrote',
      'more.email=ana@example.com',
      // Short, but a name.
      'name=ana',
    ])
      expect(await search(hidden)).toMatchObject({
        errors: [{ extensions: { code: 'FORBIDDEN', right: 'reveal' } }],
      });
    for (const shown of [
      'commentId=0194203a-0af8-7875-aa5c-89b838accc5c',
      'more.state=sent',
    ])
      expect((await search(shown)).errors?.[0]?.extensions.code).not.toBe(
        'FORBIDDEN',
      );
  },
);

test.each(['/dead-letters', '/dead-letters/groups'])(
  'a reader cannot guess by GET %s what is hidden',
  async (path) => {
    const search = new URLSearchParams({
      payload: 'more.email=ana@example.com',
    });
    const { statusCode } = await app.inject({
      url: `/api/operator${path}?${String(search)}`,
      headers: reader,
    });
    expect(statusCode).toBe(403);
  },
);

test('who may reveal searches for what is hidden, once in the audit log, without its value', async () => {
  for (let round = 0; round < 2; round++)
    expect(
      await request(
        app,
        '{ deadLetterGroups(filter: { payload: ["more.email=ana@example.com"] }) { entries } }',
        { headers: headersOf(tokens.revealer) },
      ),
    ).toMatchObject({ data: { deadLetterGroups: { entries: 1 } } });
  const lines = await database.dataSource
    .getRepository(AuditLog)
    .findBy({ action: 'dead-letters.search' });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ actor: 'ben' });
  expect(JSON.stringify(lines)).not.toContain('ana@example.com');
});

test('who searches for what is hidden with the token that all share has to say their name', async () => {
  const search = (headers: Record<string, string>) =>
    request(
      app,
      '{ deadLetterGroups(filter: { payload: ["more.email=ana@example.com"] }) { entries } }',
      { headers: { ...headersOf(operatorSecret), ...headers } },
    );
  expect(await search({})).toMatchObject({
    errors: [
      {
        message: expect.stringContaining('x-operator'),
        extensions: { code: 'INVALID_INPUT' },
      },
    ],
  });
  expect((await search({ 'x-operator': 'on-call' })).errors).toBeUndefined();
  const lines = await database.dataSource
    .getRepository(AuditLog)
    .findBy({ action: 'dead-letters.search' });
  expect(lines.map(({ actor }) => actor).sort()).toEqual(['ben', 'on-call']);
});

test('the hash of what was searched for is for those who may reveal, because a short value can be guessed from it', async () => {
  const hash = sha256('ana@example.com');
  const query = '{ operatorActions { items { filter } } }';
  const shown = async (token: string) => [
    JSON.stringify(
      await request(app, query, { headers: headersOf(token) }),
    ).includes(hash),
    (
      await app.inject({
        url: '/api/operator/audit-log',
        headers: headersOf(token),
      })
    ).body.includes(hash),
  ];
  expect(await shown(tokens.revealer)).toEqual([true, true]);
  expect(await shown(tokens.reader)).toEqual([false, false]);
});

const quoted = /what somebody wrote|ana@example\.com|"ana"/;

test('what an error quotes is hidden on every way to it but the reveal', async () => {
  const group = 'groups { error }';
  const answers = [
    await request(app, '{ deadLetters { items { error } } }', {
      headers: reader,
    }),
    await request(app, `{ deadLetterGroups { ${group} } }`, {
      headers: reader,
    }),
    await request(app, `{ overview { deadLetters { ${group} } } }`, {
      headers: reader,
    }),
    await request(
      app,
      `{ deadLetter(id: "${entry.id}") { entry { error } errorStack } }`,
      { headers: reader },
    ),
  ];
  for (const { data, errors } of answers) {
    expect(errors).toBeUndefined();
    expect(JSON.stringify(data)).toContain('cannot render');
    expect(JSON.stringify(data)).not.toMatch(/ana@example\.com|\\"ana\\"/);
  }
  // The payload is at hand here, so that unquoted words are known, too.
  expect(JSON.stringify(answers.at(-1))).not.toMatch(quoted);
  for (const path of ['', '/groups', `/${entry.id}`]) {
    const { body } = await app.inject({
      url: `/api/operator/dead-letters${path}`,
      headers: reader,
    });
    expect(body).toContain('cannot render');
    expect(body).not.toMatch(/ana@example\.com|\\"ana\\"/);
  }
  const revealed = await request(
    app,
    `mutation { revealDeadLetter(id: "${entry.id}") { entry { error } errorStack } }`,
    { headers: headersOf(tokens.revealer) },
  );
  expect(JSON.stringify(revealed.data)).toMatch(quoted);
});

test.each([
  'query ($id: ID!) { editPreview(id: $id, document: "{}") { fits } }',
  'mutation ($id: ID!) { resendDeadLetter(id: $id, document: "{}", reason: "a guess") { outcome } }',
])(
  'who may edit but not reveal cannot have a payload compared with a hidden one: %s',
  async (query) => {
    expect(
      await request(app, query, {
        headers: headersOf(tokens.editor),
        variables: { id: entry.id },
      }),
    ).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
  },
);
