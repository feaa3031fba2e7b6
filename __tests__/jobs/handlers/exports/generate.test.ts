import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { DataSource } from 'typeorm';

import {
  Export,
  NotificationV2,
  Post,
  UserNotification,
} from '../../../../src/entity/index.ts';
import {
  JobCutError,
  JobTimeoutError,
  LeaseLostError,
} from '../../../../src/jobs/dispatch/errors.ts';
import { generateExport } from '../../../../src/jobs/handlers/exports/generate.ts';
import { requestExport } from '../../../../src/jobs/handlers/exports/request.ts';
import { createWebhookEndpoint } from '../../../../src/jobs/handlers/webhooks/endpoints.ts';
import { FolderStorage } from '../../../../src/storage/folder.ts';
import { saveFixtures, useTestDatabase } from '../../../helpers.ts';
import { createComment, createCommunity } from '../../../workers/community.ts';
import { jobContext } from './job-context.ts';
import { parseCsv } from './parse-csv.ts';

const database = useTestDatabase();
let con: DataSource;
let folder: string;
let storage: FolderStorage;

beforeEach(async () => {
  con = database.con;
  folder = await mkdtemp(join(tmpdir(), 'nightshift-exports-'));
  storage = new FolderStorage({
    folder,
    linkBase: 'http://127.0.0.1/api/exports/files',
    linkSecret: 'a-secret-of-16-characters',
  });
});
afterEach(() => rm(folder, { recursive: true }));

const request = (
  userId: string,
  kind: Export['kind'],
  format: Export['format'] = 'csv',
) =>
  con.transaction((manager) =>
    requestExport(manager, { userId, kind, format }),
  );

const read = (id: string) => con.getRepository(Export).findOneByOrFail({ id });

const files = async (): Promise<string[]> => {
  const all = await readdir(folder, { recursive: true, withFileTypes: true });
  return all.filter((entry) => entry.isFile()).map(({ name }) => name);
};

const mails = (
  userId: string,
): Promise<{ payload: Record<string, unknown> }[]> =>
  con.query(
    `select payload from job where name = 'send-email' and payload->>'userId' = $1`,
    [userId],
  );

/** An author of these many posts, one of them the community's own. */
const authorOf = async (posts: number, row: Partial<Post> = {}) => {
  const { author, post } = await createCommunity(con);
  const { sourceId } = post;
  const rows = Array.from({ length: posts - 1 }, (_, number) => ({
    sourceId,
    authorId: author.id,
    title: `Post ${number}`,
    content: 'Some words.',
    ...row,
  }));
  await saveFixtures(con, Post, rows);
  return author;
};

it('writes every row as CSV that reads back as it was, over several pages', async () => {
  const author = await authorOf(450);
  const hard = 'Quotes " and ""\r\nlines,\n"commas", ünïcode 日本 🎈';
  const [first] = await con
    .getRepository(Post)
    .find({ where: { authorId: author.id }, order: { id: 'ASC' } });
  await con.getRepository(Post).update({ id: first!.id }, { title: hard });
  const { id, objectKey } = await request(author.id, 'my-posts');
  const context = jobContext(con);
  const result = await generateExport(id, context, { storage });

  const [head, ...records] = parseCsv(
    await readFile(join(folder, objectKey), 'utf8'),
  );
  const posts = await con
    .getRepository(Post)
    .find({ where: { authorId: author.id }, order: { id: 'ASC' } });
  expect(head).toEqual([
    'Id',
    'Title',
    'Source',
    'Created',
    'Upvotes',
    'Comments',
    'Content',
  ]);
  expect(
    records.map(([postId, title, , created]) => [postId, title, created]),
  ).toEqual(
    posts.map((post) => [post.id, post.title, post.createdAt.toISOString()]),
  );
  expect(records[0]?.[1]).toBe(hard);
  const written = await read(id);
  expect(result).toMatchObject({
    outcome: 'ready',
    rows: 450,
    bytes: Number(written.bytes),
  });
  expect(written).toMatchObject({ state: 'ready', rows: 450, error: null });
  expect(context.told.map(({ at }) => at)).toEqual([
    '200 rows',
    '400 rows',
    '450 rows',
  ]);
  expect(
    context.told.every(({ fraction }) => fraction > 0 && fraction < 1),
  ).toBe(true);
});

it('keeps a spreadsheet from running what people wrote as a formula', async () => {
  const author = await authorOf(7);
  const posts = await con.getRepository(Post).findBy({ authorId: author.id });
  const formulas = ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\rx', '＝1'];
  for (const [index, post] of posts.entries())
    await con
      .getRepository(Post)
      .update({ id: post.id }, { title: formulas[index]! });
  const { id, objectKey } = await request(author.id, 'my-posts');
  await generateExport(id, jobContext(con), { storage });
  const [, ...records] = parseCsv(
    await readFile(join(folder, objectKey), 'utf8'),
  );
  expect(records.map(([, title]) => title).sort()).toEqual(
    formulas.map((formula) => `'${formula}`).sort(),
  );
});

it('writes a PDF of as many pages as it says, and tells of characters that its font lacks', async () => {
  const author = await authorOf(250, {
    content: 'Words that fill lines. '.repeat(40) + '日本',
  });
  const { id, objectKey } = await request(author.id, 'my-posts', 'pdf');
  const context = jobContext(con);
  await generateExport(id, context, { storage });
  const bytes = await readFile(join(folder, objectKey), 'latin1');
  expect(bytes.startsWith('%PDF-1.')).toBe(true);
  expect(bytes.trimEnd().endsWith('%%EOF')).toBe(true);
  const pages = bytes.match(/\/Type \/Page\b(?!s)/g)?.length ?? 0;
  expect(pages).toBeGreaterThan(20);
  expect(bytes).toMatch(new RegExp(`/Type /Pages\\s+/Count ${pages}\\b`));
  expect(context.lines).toEqual([
    `${pages} pages, 498 characters without a glyph`,
  ]);
});

it('writes an export without rows', async () => {
  const { reader } = await createCommunity(con);
  for (const format of ['csv', 'pdf'] as const) {
    const { id } = await request(reader.id, 'my-comments', format);
    expect(
      await generateExport(id, jobContext(con), { storage }),
    ).toMatchObject({
      outcome: 'ready',
      rows: 0,
    });
  }
});

it('writes comments with the title of their post', async () => {
  const { reader, post } = await createCommunity(con);
  await createComment(con, {
    postId: post.id,
    userId: reader.id,
    content: 'I agree.',
  });
  const { id, objectKey } = await request(reader.id, 'my-comments');
  await generateExport(id, jobContext(con), { storage });
  const [, record] = parseCsv(await readFile(join(folder, objectKey), 'utf8'));
  expect(record).toEqual(
    expect.arrayContaining(['On engines', post.id, 'I agree.']),
  );
});

it('tells the person once, with a link, by notification, mail and webhook, however often it runs', async () => {
  const author = await authorOf(3);
  const { id: endpointId } = await createWebhookEndpoint(con.manager, {
    userId: author.id,
    url: 'https://example.com/hook',
  });
  const { id } = await request(author.id, 'my-posts');
  await generateExport(id, jobContext(con), { storage });
  expect(await generateExport(id, jobContext(con), { storage })).toEqual({
    outcome: 'nothing to do',
  });
  // As if the commit had been lost after all.
  await con.query(`update export set state = 'running' where id = $1`, [id]);
  await generateExport(id, jobContext(con), { storage });
  const [notification, ...others] = await con
    .getRepository(NotificationV2)
    .findBy({ referenceId: id });
  expect(others).toEqual([]);
  expect(notification).toMatchObject({
    type: 'export_ready',
    body: 'My posts: 3 rows as CSV',
    targetUrl: `/exports/${id}`,
  });
  expect(
    await con
      .getRepository(UserNotification)
      .findBy({ notificationId: notification!.id }),
  ).toMatchObject([{ userId: author.id }]);
  expect(
    await con.query(
      'select endpoint_id, event_type, event_id from webhook_deliveries',
    ),
  ).toEqual([
    { endpoint_id: endpointId, event_type: 'export.ready', event_id: id },
  ]);
  const [mail, ...more] = await mails(author.id);
  expect(more).toEqual([]);
  expect(mail?.payload).toMatchObject({
    template: 'export-ready',
    context: {
      link: expect.stringMatching(
        /\/my-posts\.csv\?expires=\d+&signature=[\w-]{43}$/,
      ),
    },
  });
});

it.each(['csv', 'pdf'] as const)(
  'leaves nothing of a %s export that is aborted midway, and tells nobody',
  async (format) => {
    const author = await authorOf(450);
    const { id } = await request(author.id, 'my-posts', format);
    const controller = new AbortController();
    const aborted = jobContext(con, {
      signal: controller.signal,
      onProgress: () =>
        controller.abort(new Error('the attempt took its time')),
    });
    await expect(generateExport(id, aborted, { storage })).rejects.toThrow();
    expect(await files()).toEqual([]);
    expect(await read(id)).toMatchObject({
      state: 'requested',
      error: expect.any(String),
    });
    expect(await mails(author.id)).toEqual([]);

    const again = jobContext(con, { job: { attempt: 2 } });
    expect(await generateExport(id, again, { storage })).toMatchObject({
      outcome: 'ready',
      rows: 450,
    });
    expect(await files()).toEqual([`my-posts.${format}`]);
  },
);

it('fails with its last attempt and says why; a run again still succeeds', async () => {
  const author = await authorOf(1);
  const { id } = await request(author.id, 'my-posts');
  const secretless = new FolderStorage({
    folder,
    linkBase: 'http://127.0.0.1',
    linkSecret: undefined,
  });
  await expect(
    generateExport(id, jobContext(con, { job: { attempt: 2 } }), {
      storage: secretless,
    }),
  ).rejects.toMatchObject({
    name: 'LinkSecretMissingError',
  });
  expect(await read(id)).toMatchObject({
    state: 'failed',
    error: expect.stringContaining('EXPORT_LINK_SECRET'),
  });
  expect(await files()).toEqual([]);
  await generateExport(id, jobContext(con, { job: { attempt: 3 } }), {
    storage,
  });
  expect(await read(id)).toMatchObject({ state: 'ready', error: null });
});

it.each([
  ['requested', 'cut off by a drain', new JobCutError('generate-export')],
  [
    'running',
    'taken over by another run',
    new LeaseLostError('generate-export'),
  ],
  ['failed', 'out of time', new JobTimeoutError('generate-export', 600)],
])('is %s after a last attempt that was %s', async (state, _how, reason) => {
  const author = await authorOf(450);
  const { id } = await request(author.id, 'my-posts');
  const controller = new AbortController();
  const context = jobContext(con, {
    job: { attempt: 2 },
    signal: controller.signal,
    onProgress: () => controller.abort(reason),
  });
  await expect(generateExport(id, context, { storage })).rejects.toThrow();
  expect(await read(id)).toMatchObject({ state });
});

it('deletes the object if its row is deleted while it is written', async () => {
  const author = await authorOf(450);
  const { id } = await request(author.id, 'my-posts');
  const deletion = Promise.withResolvers<unknown>();
  const context = jobContext(con, {
    onProgress: () =>
      deletion.resolve(con.query('delete from export where id = $1', [id])),
  });
  const waiting = {
    put: async (...given: Parameters<FolderStorage['put']>) => {
      const bytes = await storage.put(...given);
      await deletion.promise;
      return bytes;
    },
    link: (...given: Parameters<FolderStorage['link']>) =>
      storage.link(...given),
    delete: (key: string) => storage.delete(key),
    deleteAbandoned: (before: Date) => storage.deleteAbandoned(before),
  };
  expect(await generateExport(id, context, { storage: waiting })).toEqual({
    outcome: 'gone',
  });
  expect(await files()).toEqual([]);
});

it('does nothing for somebody who is gone', async () => {
  const author = await authorOf(1);
  const { id } = await request(author.id, 'my-posts');
  await con.query('delete from "user" where id = $1', [author.id]);
  expect(await generateExport(id, jobContext(con), { storage })).toEqual({
    outcome: 'nothing to do',
  });
});

it('leaves no trace of a request that is rolled back', async () => {
  const author = await authorOf(1);
  await expect(
    con.transaction(async (manager) => {
      await requestExport(manager, {
        userId: author.id,
        kind: 'my-posts',
        format: 'csv',
      });
      throw new Error('never mind');
    }),
  ).rejects.toThrow('never mind');
  const [left] = await con.query(
    `select (select count(*)::int from export where user_id = $1) as exports,
            (select count(*)::int from job where tenant = $1::text) as jobs`,
    [author.id],
  );
  expect(left).toEqual({ exports: 0, jobs: 0 });
});
