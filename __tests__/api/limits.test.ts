import type { FastifyInstance } from 'fastify';
import { getIntrospectionQuery } from 'graphql';

import { createTestDatabase, type TestDatabase } from '../setup/database.ts';
import { gateway, request, savePost, startApi } from './api.ts';

let database: TestDatabase;
let app: FastifyInstance;
let fixtures: Awaited<ReturnType<typeof savePost>>;

beforeAll(async () => {
  database = await createTestDatabase();
  fixtures = await savePost(database.dataSource);
  app = await startApi(database);
});

afterAll(async () => {
  await app.close();
  await database.drop();
});

const codes = (errors: Awaited<ReturnType<typeof request>>['errors']) =>
  errors?.map(({ extensions }) => extensions.code);

test('an oversized body is refused', async () => {
  const answer = await request(app, `{ __typename } #${'x'.repeat(300_000)}`);
  expect(answer.status).toBe(413);
  expect(codes(answer.errors)).toEqual(['BODY_TOO_LARGE']);
  expect(answer.errors?.[0]?.message).toMatch(/at most 262144 bytes/);
});

const nested = (levels: number) =>
  `{ posts ${'{ ... '.repeat(levels)} { next } ${'}'.repeat(levels)} }`;

test('a query that nests too deep is refused', async () => {
  const answer = await request(app, nested(9));
  expect(answer.status).toBe(400);
  expect(codes(answer.errors)).toEqual(['QUERY_TOO_LARGE']);
  expect((await request(app, nested(2))).status).toBe(200);
});

test("GraphiQL's introspection is not too much where GraphiQL is served", async () => {
  const development = await startApi(database, { graphiql: true });
  try {
    expect((await development.inject('/graphiql')).statusCode).toBe(200);
    const answer = await request(development, getIntrospectionQuery());
    expect(answer).toMatchObject({
      status: 200,
      data: { __schema: { queryType: { name: 'Query' } } },
    });
  } finally {
    await development.close();
  }
});

test('aliases are no way to send many mutations at once', async () => {
  const votes = Array.from(
    { length: 11 },
    (_, alias) =>
      `v${alias}: votePost(id: "${fixtures.post.id}", vote: UP) { id }`,
  );
  const answer = await request(app, `mutation { ${votes.join(' ')} }`, {
    viewer: fixtures.reader.id,
  });
  expect(answer.status).toBe(400);
  expect(answer.errors).toEqual([
    expect.objectContaining({
      message:
        'expected at most 10 fields at the top in one operation, got: 11; send several requests',
    }),
  ]);
});

test('fragments of fragments are counted as they would run', async () => {
  const levels = Array.from(
    { length: 20 },
    (_, level) =>
      `fragment f${level} on Post { ...f${level + 1} author { ...u${level + 1} } }
      fragment u${level + 1} on User { a${level}: id b${level}: id }`,
  );
  const many = `fragment f20 on Post { ${Array.from({ length: 280 }, (_, alias) => `t${alias}: title`).join(' ')} }`;
  const answer = await request(
    app,
    `{ posts { items { ...f0 } } } ${levels.join('\n')} ${many}`,
  );
  expect(answer.status).toBe(400);
  expect(codes(answer.errors)).toContain('QUERY_TOO_LARGE');
});

test('a document of too many tokens is not even parsed', async () => {
  const answer = await request(
    app,
    `{ ${Array.from({ length: 2_500 }, () => '__typename').join(' ')} }`,
  );
  expect(answer.status).toBe(400);
  expect(codes(answer.errors)).toEqual(['INVALID_QUERY']);
});

test('batched queries are refused', async () => {
  const response = await app.inject({
    method: 'POST',
    url: '/graphql',
    payload: [{ query: '{ __typename }' }, { query: '{ __typename }' }],
  });
  expect(response.statusCode).toBe(400);
});

test('a mutation by GET is refused', async () => {
  const response = await app.inject({
    method: 'GET',
    url: '/graphql',
    headers: { ...gateway, 'x-user-id': fixtures.reader.id },
    query: {
      query: `mutation { votePost(id: "${fixtures.post.id}", vote: UP) { id } }`,
    },
  });
  expect(response.statusCode).toBe(405);
});

test('a page of more than 100 rows is refused, not cut', async () => {
  const answer = await request(app, '{ posts(first: 101) { next } }');
  expect(answer).toMatchObject({
    status: 400,
    errors: [
      {
        message: 'expected first to be: number to be <=100, got: 101',
        extensions: {
          code: 'INVALID_INPUT',
          problems: [{ path: 'first', given: '101' }],
        },
      },
    ],
  });
});

test('every wrong field is named, without repeating what was written', async () => {
  const content = 'x'.repeat(20_001);
  const answer = await request(
    app,
    `mutation ($input: CreatePostInput!) { createPost(input: $input) { id } }`,
    {
      viewer: fixtures.author.id,
      variables: { input: { sourceId: 'nowhere', title: ' ', content } },
    },
  );
  expect(answer.status).toBe(400);
  expect(answer.errors?.[0]?.extensions.problems).toEqual([
    { path: 'sourceId', expected: 'Invalid UUID', given: '"nowhere"' },
    {
      path: 'title',
      expected: 'string to have >=1 characters',
      given: '" "',
    },
    {
      path: 'content',
      expected: 'string to have <=20000 characters',
      given: 'a text of 20001 characters',
    },
  ]);
});

test.each([
  ['no JSON', '{', 'application/json', 400],
  ['another type', 'query', 'application/xml', 415],
])('a body of %s is refused with a code', async (_, payload, type, status) => {
  const response = await app.inject({
    method: 'POST',
    url: '/graphql',
    headers: { 'content-type': type },
    payload,
  });
  expect(response.statusCode).toBe(status);
  expect(response.json<{ errors: unknown }>().errors).toEqual([
    expect.objectContaining({ extensions: { code: expect.any(String) } }),
  ]);
});

test('GraphiQL is not served unless asked for', async () => {
  const response = await app.inject('/graphiql');
  expect(response.statusCode).toBe(404);
});

test('a request that waits too long is answered, not kept', async () => {
  const impatient = await startApi(database, { patience: 300 });
  const lock = database.dataSource.createQueryRunner();
  try {
    await lock.startTransaction();
    await lock.query('lock table post');
    const answer = await request(impatient, '{ posts { next } }');
    expect(answer.status).toBe(503);
    expect(codes(answer.errors)).toEqual(['UNAVAILABLE']);
  } finally {
    await lock.rollbackTransaction();
    await lock.release();
    await impatient.close();
  }
});
