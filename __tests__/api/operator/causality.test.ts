import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

import { createJob } from '../../../src/jobs/create-job.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { request, startApi } from '../api.ts';

const operatorSecret = 'the-secret-of-the-operators';
const headers = { authorization: `Bearer ${operatorSecret}` };

let database: TestDatabase;
let app: FastifyInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  app = await startApi(database, { operatorSecret });
});
afterAll(async () => {
  await app.close();
  await database.drop();
});

const ask = (args: string) =>
  request(
    app,
    `{ causality(${args}) { found truncated nodes { kind key title state parent depth facts { name value } } } }`,
    { headers },
  );

test('a job is shown with what it is known by, and a cause that is not kept as not known', async () => {
  const { manager } = database.dataSource;
  const id = await createJob(
    'reconcile-counters',
    { payload: { counter: 'post-upvotes' } },
    { manager },
  );
  const cause = uuidv7();
  await manager.query('update job set cause = $1 where id = $2', [cause, id]);
  expect((await ask(`id: "${id}"`)).data).toMatchObject({
    causality: {
      found: [`job:${id}`],
      truncated: false,
      nodes: [
        { kind: 'unknown', key: cause, depth: 0, parent: null },
        {
          kind: 'job',
          key: id,
          title: 'reconcile-counters',
          state: 'pending',
          depth: 1,
          parent: `unknown:${cause}`,
          facts: [{ name: 'queue', value: expect.any(String) }],
        },
      ],
    },
  });
  // From the cause that is not kept, what it led to is found all the same.
  expect((await ask(`id: "${cause}"`)).data).toMatchObject({
    causality: { nodes: [{ kind: 'unknown' }, { kind: 'job', key: id }] },
  });
});

test.each([
  ['nothing', ''],
  ['an id and a row', 'id: "x", table: "post", key: "y"'],
  ['a table alone', 'table: "post"'],
])('%s is refused with what may be given', async (_, args) => {
  const { errors } = await ask(args === '' ? 'id: null' : args);
  expect(errors?.[0]).toMatchObject({
    message: expect.stringContaining('either an id, or a table and a key'),
    extensions: { code: 'INVALID_INPUT' },
  });
});

test('what is not known is NOT_FOUND', async () => {
  const { errors } = await ask(`table: "post", key: "${uuidv7()}"`);
  expect(errors?.[0]?.extensions).toMatchObject({ code: 'NOT_FOUND' });
});
