import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { v7 as uuidv7 } from 'uuid';

import scheduleTasks from '../../../../src/jobs/handlers/scheduleTasks.ts';
import syncConnection from '../../../../src/jobs/handlers/syncConnection.ts';
import { syncPipeline } from '../../../../src/jobs/handlers/connections/sync-pipeline.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../setup/database.ts';
import { FeedServer } from './feed-server.ts';
import { rss } from './rss.ts';
import { runningJob, sync } from './running.ts';
import { createConnection, postsOf, reload, waitingSyncs } from './set-up.ts';

let database: TestDatabase;
const server = new FeedServer();

beforeAll(async () => {
  database = await createTestDatabase();
  await server.start();
});

afterAll(async () => {
  await server.stop();
  await database.drop();
});

/** As the dispatcher calls them: neither is transactional. */
const runSync = (
  connectionId: string,
  context = runningJob(database.dataSource),
) => {
  if (syncConnection.transactional)
    throw new Error('expected a handler without a transaction');
  return syncConnection.handler({ connectionId }, context);
};

test('sync-connection keeps to public addresses unless the configuration allows others', async () => {
  const con = database.dataSource;
  const url = server.serve('/private', rss([{ guid: '1', title: 'One' }]));
  const connection = await createConnection(con, url);
  await expect(runSync(connection.id)).rejects.toMatchObject({
    name: 'FeedUnfetchableError',
  });
  expect(server.asked('/private')).toBe(0);
});

test('schedule-tasks creates jobs for connections that are due', async () => {
  const con = database.dataSource;
  const connection = await createConnection(con, 'https://example.com/due');
  if (scheduleTasks.transactional)
    throw new Error('expected a handler without a transaction');
  await scheduleTasks.handler({}, runningJob(con));
  expect(await waitingSyncs(con, connection)).toBe(1);
});

test('syncPipeline leaves nothing when its transaction rolls back', async () => {
  const con = database.dataSource;
  const connection = await createConnection(con, 'https://example.com/back');
  await con
    .transaction(async (manager) => {
      await syncPipeline(manager, connection.id);
      throw new Error('changed its mind');
    })
    .catch(() => undefined);
  expect(await waitingSyncs(con, connection)).toBe(0);
  await syncPipeline(con.manager, connection.id);
  expect(await waitingSyncs(con, connection)).toBe(1);
});

test('kill -9 of a sync: other jobs still find it busy, the next attempt of its own takes over', async () => {
  const con = database.dataSource;
  const asked = Promise.withResolvers<void>();
  const own = '/slow';
  const url = server.on(own, () => asked.resolve());
  const connection = await createConnection(con, url);
  const jobId = uuidv7();
  const child = spawn(
    process.execPath,
    [
      '--import',
      'tsx/esm',
      fileURLToPath(new URL('sync-process.ts', import.meta.url)),
      database.url,
      connection.id,
      jobId,
    ],
    { env: process.env, stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = once(child, 'exit');
  await Promise.race([
    asked.promise,
    ended.then(() => Promise.reject(new Error('expected the child to sync'))),
  ]);
  child.kill('SIGKILL');
  await ended;
  server.serve(own, rss([{ guid: '1', title: 'One' }]));
  expect(await sync(con, connection)).toEqual({ outcome: 'busy' });
  expect(
    await sync(con, connection, { context: runningJob(con, { jobId }) }),
  ).toMatchObject({ outcome: 'synced', created: 1 });
  expect(await postsOf(con, connection)).toHaveLength(1);
  expect((await reload(con, connection)).leaseToken).toBeNull();
});
