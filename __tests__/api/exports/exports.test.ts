import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import type { FastifyInstance } from 'fastify';
import type { DataSource } from 'typeorm';

import { Export } from '../../../src/entity/index.ts';
import { generateExport } from '../../../src/jobs/handlers/exports/generate.ts';
import { FolderStorage } from '../../../src/storage/folder.ts';
import { jobContext } from '../../jobs/handlers/exports/job-context.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { createCommunity, createUser } from '../../workers/community.ts';
import { gateway, startApi } from '../api.ts';

const linkSecret = 'a-secret-of-16-characters';

let database: TestDatabase;
let con: DataSource;
let folder: string;
let storage: FolderStorage;
let app: FastifyInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  con = database.dataSource;
  folder = await mkdtemp(join(tmpdir(), 'nightshift-export-routes-'));
  storage = new FolderStorage({
    folder,
    linkBase: 'http://127.0.0.1:5000/api/exports/files',
    linkSecret,
  });
  app = await startApi(
    database,
    {},
    { exports: { storage, folder: storage, linkSecret } },
  );
});
afterAll(async () => {
  await app.close();
  await database.drop();
  await rm(folder, { recursive: true });
});

const as = (viewer: string) => ({ ...gateway, 'x-user-id': viewer });
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000);
const code = (response: {
  json(): { errors: { extensions: { code: string } }[] };
}) => response.json().errors[0]?.extensions.code;

it('takes a request, tells how far it is, and gives the file by its link', async () => {
  const { author } = await createCommunity(con);
  const asked = await app.inject({
    method: 'POST',
    url: '/api/exports',
    headers: as(author.id),
    payload: { kind: 'my-posts', format: 'csv' },
  });
  expect(asked.statusCode).toBe(202);
  const { id } = asked.json<{ id: string }>();
  const look = () =>
    app.inject({ url: `/api/exports/${id}`, headers: as(author.id) });
  expect((await look()).json()).toMatchObject({
    state: 'requested',
    link: null,
  });

  await generateExport(id, jobContext(con), { storage });
  const ready = (await look()).json<{ link: string }>();
  expect(ready).toMatchObject({
    state: 'ready',
    rows: 1,
    bytes: expect.any(Number),
  });

  const file = await app.inject({ url: ready.link });
  expect(file.statusCode).toBe(200);
  expect(file.headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-length': String(file.rawPayload.length),
    'content-disposition': 'attachment; filename="my-posts.csv"',
    'cache-control': 'private, no-store',
    'x-content-type-options': 'nosniff',
  });
  expect(file.body).toContain('On engines');
});

it('shows nobody the export of another person', async () => {
  const { author } = await createCommunity(con);
  const other = await createUser(con);
  const asked = await app.inject({
    method: 'POST',
    url: '/api/exports',
    headers: as(author.id),
    payload: { kind: 'my-posts', format: 'pdf' },
  });
  const { id } = asked.json<{ id: string }>();
  const response = await app.inject({
    url: `/api/exports/${id}`,
    headers: as(other.id),
  });
  expect(response.statusCode).toBe(404);
});

it('refuses to take a request without the gateway, for nobody, or of another kind', async () => {
  const { author } = await createCommunity(con);
  const post = (headers: Record<string, string>, payload: object) =>
    app.inject({ method: 'POST', url: '/api/exports', headers, payload });
  const payload = { kind: 'my-posts', format: 'csv' };
  expect((await post({}, payload)).statusCode).toBe(401);
  expect(code(await post(gateway, payload))).toBe('VIEWER_REQUIRED');
  expect(
    code(await post(as(author.id), { kind: 'all-users', format: 'csv' })),
  ).toBe('INVALID_INPUT');
  const unknown = await post(as(randomUUID()), payload);
  expect(code(unknown)).toBe('VIEWER_REQUIRED');
  const before = await con.getRepository(Export).countBy({ userId: author.id });
  expect(before).toBe(0);
});

it('refuses a link that has expired or was changed', async () => {
  await storage.put('exports/a.csv', Readable.from(['x']), {
    contentType: 'text/csv',
  });
  await storage.put('exports/b.csv', Readable.from(['x']), {
    contentType: 'text/csv',
  });
  const good = await storage.link('exports/a.csv', inHours(1));
  expect((await app.inject({ url: good })).statusCode).toBe(200);

  const expired = await app.inject({
    url: await storage.link('exports/a.csv', inHours(-1)),
  });
  expect(expired.statusCode).toBe(401);
  expect(expired.body).toMatch(/has expired; ask for a new one/);
  const later = good.replace(
    /expires=\d+/,
    `expires=${Math.floor(inHours(9).getTime() / 1_000)}`,
  );
  for (const forged of [
    later,
    good.replace('a.csv', 'b.csv'),
    `${good.slice(0, -4)}AAAA`,
  ]) {
    const response = await app.inject({ url: forged });
    expect(response.statusCode).toBe(401);
    expect(response.body).toMatch(/was changed or is not ours/);
  }
});

it.each([
  '/api/exports/files/exports/a.csv',
  '/api/exports/files/exports/a.csv?expires=1',
  '/api/exports/files/exports/a.csv?expires=1&expires=2&signature=x',
  '/api/exports/files/exports/a.csv?expires=never&signature=x',
])('refuses %s', async (url) => {
  const response = await app.inject({ url });
  expect(response.statusCode).toBe(400);
  expect(code(response)).toBe('INVALID_INPUT');
});

it.each([
  '/api/exports/files/..%2f..%2fetc%2fpasswd',
  '/api/exports/files/%2e%2e/%2e%2e/etc/passwd',
  '/api/exports/files/',
])('gives no file outside of the folder: %s', async (path) => {
  const response = await app.inject({
    url: `${path}?expires=9999999999&signature=x`,
  });
  expect([401, 404]).toContain(response.statusCode);
});

it('says that a file is gone whose link is still good', async () => {
  const response = await app.inject({
    url: await storage.link('exports/gone.csv', inHours(1)),
  });
  expect(response.statusCode).toBe(404);
  expect(response.body).toMatch(/deleted because of its age/);
});

it('is closed without the secret, and says which', async () => {
  const closed = await startApi(
    database,
    {},
    { exports: { storage, folder: storage } },
  );
  try {
    const response = await closed.inject({
      url: await storage.link('exports/a.csv', inHours(1)),
    });
    expect(response.statusCode).toBe(503);
    expect(code(response)).toBe('CLOSED');
    expect(response.body).toMatch(/EXPORT_LINK_SECRET is not set/);
  } finally {
    await closed.close();
  }
});

it('serves no files where a bucket does', async () => {
  const bucket = await startApi(database, {}, { exports: { storage } });
  try {
    const response = await bucket.inject({
      url: await storage.link('exports/a.csv', inHours(1)),
    });
    expect(response.statusCode).toBe(404);
  } finally {
    await bucket.close();
  }
});
