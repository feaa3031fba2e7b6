import { randomUUID } from 'node:crypto';

import type { FastifyInstance } from 'fastify';
import { v7 as uuidv7 } from 'uuid';

import {
  openRedriver,
  type OpenRedriver,
  resendWith,
} from '../../../src/commands/redriver.ts';
import { fullRegistry } from '../../../src/commands/work-registry.ts';
import { writeDeadLetter } from '../../../src/dead-letters/desk.ts';
import { Comment, DeadLetter } from '../../../src/entity/index.ts';
import { createJob } from '../../../src/jobs/create-job.ts';
import { createLogger } from '../../../src/logger.ts';
import { saveFixtures } from '../../setup/save-fixtures.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { request, savePost, startApi } from '../api.ts';

const operatorSecret = 'the-secret-of-the-operators';
const headers = {
  authorization: `Bearer ${operatorSecret}`,
  'x-operator': 'on-call',
};

let database: TestDatabase;
let app: FastifyInstance;
let redriver: OpenRedriver;

beforeAll(async () => {
  database = await createTestDatabase();
  const logger = createLogger('test');
  logger.level = 'silent';
  redriver = openRedriver(database.dataSource, logger, fullRegistry);
  app = await startApi(
    database,
    { operatorSecret },
    { resend: resendWith(redriver) },
  );
});
afterAll(async () => {
  await app.close();
  await redriver.close();
  await database.drop();
});

const bury = async (
  changes: Partial<Parameters<typeof writeDeadLetter>[1]>,
) => {
  const identity = uuidv7();
  await writeDeadLetter(database.dataSource.manager, {
    source: 'pubsub',
    subscription: 'api.comment-markdown',
    topic: 'comment-changed',
    identity,
    eventId: identity,
    publishTime: new Date(),
    payload: Buffer.from(JSON.stringify({ commentId: 'mistyped' })),
    attributes: { id: identity },
    error: new Error('broken'),
    attempts: 5,
    ...changes,
  });
  return find(changes.identity ?? identity);
};
const find = (identity: string) =>
  database.dataSource.getRepository(DeadLetter).findOneByOrFail({ identity });

const ask = (query: string, id: string, document: unknown) =>
  request(app, query, {
    headers,
    variables: {
      id,
      document:
        typeof document === 'string' ? document : JSON.stringify(document),
    },
  });
const preview = async (id: string, document: unknown) =>
  ask(
    'query ($id: ID!, $document: String!) { editPreview(id: $id, document: $document) { fits reason } }',
    id,
    document,
  );
const resend = async (id: string, document: unknown) =>
  ask(
    `mutation ($id: ID!, $document: String!) {
      resendDeadLetter(id: $id, document: $document, reason: "a typo") { outcome error reason }
    }`,
    id,
    document,
  );

test('an edited payload is compared, runs for the one subscription, and leaves the original at the desk', async () => {
  const { post, author } = await savePost(database.dataSource);
  const [comment] = (await saveFixtures(database.dataSource, Comment, [
    { postId: post.id, userId: author.id, content: 'Some *text*' },
  ])) as [Comment];
  const entry = await bury({});
  expect(
    await preview(entry.id, { commentId: 'still mistyped' }),
  ).toMatchObject({
    data: {
      editPreview: {
        fits: false,
        reason: expect.stringContaining('commentId'),
      },
    },
  });
  const mended = { commentId: comment.id };
  expect(await preview(entry.id, mended)).toMatchObject({
    data: { editPreview: { fits: true, reason: null } },
  });
  expect((await resend(entry.id, mended)).data).toEqual({
    resendDeadLetter: { outcome: 'redriven', error: null, reason: null },
  });
  const after = await find(entry.identity);
  expect(after).toMatchObject({
    state: 'redriven',
    stateChangedBy: 'on-call',
    stateReason: 'with an edited payload: a typo',
    payload: entry.payload,
  });
  const { contentHtml } = await database.dataSource
    .getRepository(Comment)
    .findOneByOrFail({ id: comment.id });
  expect(contentHtml).toContain('<em>text</em>');
  // Nothing went out to the topic, and the audit log names what changed, not how.
  expect(
    await database.dataSource.query(
      `select from outbox where topic = 'comment-changed'`,
    ),
  ).toEqual([]);
  const lines = await database.dataSource.query<
    { action: string; filter: { changed: string[] } }[]
  >(
    `select action, actor, reason, filter from audit_log where action like 'dead-letters.edit%' order by id`,
  );
  expect(lines.map(({ action }) => action)).toEqual([
    'dead-letters.edit.started',
    'dead-letters.edit.finished',
  ]);
  expect(lines[0]?.filter.changed).toEqual(['commentId']);
  expect(JSON.stringify(lines)).not.toContain(comment.id);
});

test('an edit that fails again keeps the original and its one entry', async () => {
  const entry = await bury({});
  expect((await resend(entry.id, { commentId: 'again' })).data).toMatchObject({
    resendDeadLetter: { outcome: 'failed' },
  });
  expect(await find(entry.identity)).toMatchObject({
    id: entry.id,
    state: 'open',
    payload: entry.payload,
    redrives: 1,
  });
});

const mistyped = { deliveryId: 'mistyped' };

/** A webhook's delivery that failed for good, and its entry at the desk. */
const failedJob = async () => {
  const { manager } = database.dataSource;
  const id = await createJob(
    'deliver-webhook',
    { payload: { deliveryId: randomUUID() } },
    { manager },
  );
  await manager.query(
    `update job set state = 'failed', failed_at = now(), payload = $2 where id = $1`,
    [id, JSON.stringify(mistyped)],
  );
  const entry = await bury({
    source: 'job',
    subscription: 'webhook-delivery',
    topic: 'deliver-webhook',
    identity: id,
    eventId: id,
    payload: Buffer.from(JSON.stringify(mistyped)),
  });
  return { id, entry };
};

const payloadOf = async (id: string): Promise<unknown> => {
  const [row] = await database.dataSource.query<{ payload: unknown }[]>(
    `select payload from job where id = $1 union all select payload from jobs_completed where id = $1`,
    [id],
  );
  return row?.payload;
};

test('a job that failed for good runs with an edited payload', async () => {
  const { id, entry } = await failedJob();
  const gone = { deliveryId: randomUUID() };
  expect((await preview(entry.id, gone)).data).toMatchObject({
    editPreview: { fits: true },
  });
  expect((await resend(entry.id, gone)).data).toMatchObject({
    resendDeadLetter: { outcome: 'redriven' },
  });
  expect(await payloadOf(id)).toEqual(gone);
});

test('a job that fails again with an edited payload keeps the one that the desk shows', async () => {
  const { id, entry } = await failedJob();
  const { dataSource } = database;
  await dataSource.query('alter table webhook_deliveries rename to elsewhere');
  try {
    expect(
      (await resend(entry.id, { deliveryId: randomUUID() })).data,
    ).toMatchObject({ resendDeadLetter: { outcome: 'failed' } });
  } finally {
    await dataSource.query(
      'alter table elsewhere rename to webhook_deliveries',
    );
  }
  expect(await payloadOf(id)).toEqual(mistyped);
  expect(await find(entry.identity)).toMatchObject({ state: 'open' });
});

test.each([
  ['text that is no JSON', {}, '{', /to be: JSON/],
  ['a flow', { source: 'flow' as const }, {}, /mend the row or the flow/],
  [
    'a message without an event id',
    { eventId: undefined },
    {},
    /it has no event id/,
  ],
  ["a row's change", { topic: 'api.changes' }, {}, /change the row/],
])('%s is refused, and nothing runs', async (_, changes, document, message) => {
  const entry = await bury(changes);
  for (const { errors } of [
    await preview(entry.id, document),
    await resend(entry.id, document),
  ]) {
    expect(errors?.[0]?.extensions.code).toBe('INVALID_INPUT');
    expect(JSON.stringify(errors)).toMatch(message);
  }
  expect(await find(entry.identity)).toMatchObject({
    state: 'open',
    redrives: 0,
  });
});
