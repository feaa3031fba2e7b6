import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { FastifyInstance } from 'fastify';

import { exportStorage } from '../../../src/storage/export-storage.ts';
import { gateway, startApi } from '../../api/api.ts';
import { createTestDatabase, type TestDatabase } from '../../setup/database.ts';
import { createCommunity } from '../../workers/community.ts';
import { workOff } from './work.ts';

let database: TestDatabase;
let home: string;
let app: FastifyInstance;

beforeAll(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(join(tmpdir(), 'nightshift-user-data-'));
  // Read once, when somebody first asks.
  process.env.NIGHTSHIFT_HOME = home;
  process.env.EXPORT_LINK_SECRET = 'a-secret-of-16-characters';
  app = await startApi(database, {}, { exports: await exportStorage() });
});
afterAll(async () => {
  await app.close();
  await database.drop();
  await rm(home, { recursive: true });
});

const as = (viewer: string) => ({ ...gateway, 'x-user-id': viewer });

test('all that there is of a person comes in a file for each kind of data, and is told once', async () => {
  const { dataSource: con } = database;
  const { author, reader } = await createCommunity(con);
  const asked = await app.inject({
    method: 'POST',
    url: '/api/exports/everything',
    headers: as(author.id),
    payload: { format: 'csv' },
  });
  expect(asked.statusCode).toBe(202);
  const { id } = asked.json<{ id: string }>();
  const look = (viewer: string) =>
    app.inject({
      url: `/api/exports/everything/${id}`,
      headers: as(viewer),
    });
  expect((await look(author.id)).json()).toEqual({
    id,
    state: 'running',
    exports: [],
  });

  await workOff(con, 'flows', 'export-generation');
  const ready = (await look(author.id)).json<{
    exports: { id: string; kind: string; link: string }[];
  }>();
  expect(ready).toMatchObject({
    state: 'completed',
    exports: [
      { kind: 'my-posts', state: 'ready', rows: 1 },
      { kind: 'my-comments', state: 'ready', rows: 1 },
    ],
  });
  for (const { id: file, kind, link } of ready.exports) {
    expect(await readdir(join(home, 'exports', 'exports', file))).toEqual([
      `${kind}.csv`,
    ]);
    const { pathname, search } = new URL(link);
    expect((await app.inject({ url: pathname + search })).statusCode).toBe(200);
  }
  expect(
    await con.query(
      `select type, body, user_id from notification_v2 join user_notification on notification_id = notification_v2.id`,
    ),
  ).toEqual([
    {
      type: 'data_export_ready',
      body: 'My posts: 1 row, My comments: 1 row',
      user_id: author.id,
    },
  ]);
  expect((await look(reader.id)).statusCode).toBe(404);
});

test('a person who is gone is told nothing', async () => {
  const { dataSource: con } = database;
  const { reader } = await createCommunity(con);
  const { id } = (
    await app.inject({
      method: 'POST',
      url: '/api/exports/everything',
      headers: as(reader.id),
      payload: { format: 'csv' },
    })
  ).json<{ id: string }>();
  await workOff(con, 'flows');
  await con.query('update export set user_id = null where user_id = $1', [
    reader.id,
  ]);
  await workOff(con, 'flows', 'export-generation');
  expect(
    await con.query('select state from flow_run where id = $1', [id]),
  ).toEqual([{ state: 'completed' }]);
  expect(
    await con.query('select from user_notification where user_id = $1', [
      reader.id,
    ]),
  ).toEqual([]);
});
