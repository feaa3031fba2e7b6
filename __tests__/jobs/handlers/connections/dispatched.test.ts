import { pino } from 'pino';

import { jobs } from '../../../../src/jobs/declarations.ts';
import { Dispatcher } from '../../../../src/jobs/dispatch/dispatcher.ts';
import { syncPipeline } from '../../../../src/jobs/handlers/connections/sync-pipeline.ts';
import { syncConnection } from '../../../../src/jobs/handlers/connections/sync.ts';
import scheduleTasks from '../../../../src/jobs/handlers/scheduleTasks.ts';
import { queues } from '../../../../src/jobs/queues.ts';
import type { AnyJobHandler } from '../../../../src/jobs/registry.ts';
import { createJob, getJob } from '../../../../src/jobs/create-job.ts';
import {
  createTestDatabase,
  type TestDatabase,
} from '../../../setup/database.ts';
import { FeedServer } from './feed-server.ts';
import { rss } from './rss.ts';
import { createConnection, postsOf } from './set-up.ts';

let database: TestDatabase;
let dispatchers: Dispatcher[];
const server = new FeedServer();

/** As in production, but that feeds are on this machine. */
const handlers: Record<string, AnyJobHandler> = {
  'sync-connection': {
    handler: (payload, context) =>
      syncConnection(
        (payload as { connectionId: string }).connectionId,
        context,
        { allowPrivate: true, publicUrl: undefined },
      ),
  },
  'schedule-tasks': scheduleTasks,
};

beforeAll(async () => {
  await server.start();
  database = await createTestDatabase();
  const { dataSource: con, url } = database;
  dispatchers = [0, 1].map(
    () =>
      new Dispatcher({
        con,
        url,
        logger: pino({ level: 'silent' }),
        registry: { queues, declarations: jobs, handlers },
        queues: ['sync'],
      }),
  );
  for (const dispatcher of dispatchers) await dispatcher.start();
});

afterAll(async () => {
  await Promise.all(dispatchers.map((dispatcher) => dispatcher.drain()));
  await database.drop();
  await server.stop();
});

/** The results of the syncs that end from now on, over all dispatchers, when there are so many. */
const results = async (count: number): Promise<unknown[]> => {
  const ended = Promise.withResolvers<void>();
  const ids: string[] = [];
  const listen = ({
    job,
  }: {
    readonly job: { readonly id: string; readonly name: string };
  }) => {
    if (job.name === 'sync-connection') ids.push(job.id);
    if (ids.length === count) ended.resolve();
  };
  const runners = dispatchers.map(({ runners }) => runners.get('sync')!);
  for (const runner of runners) runner.on('ended', listen);
  await ended.promise;
  for (const runner of runners) runner.off('ended', listen);
  const { manager } = database.dataSource;
  const found = await Promise.all(ids.map((id) => getJob(id, { manager })));
  return found.map((job) => job?.result);
};

test('a notice during a sync is followed by one more sync, which finds what is new', async () => {
  const con = database.dataSource;
  const asked = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const url = server.on('/changing', (_, response) => {
    asked.resolve();
    void release.promise.then(() =>
      response.end(rss([{ guid: '1', title: 'One' }])),
    );
  });
  const connection = await createConnection(con, url);
  const first = results(2);
  await syncPipeline(con.manager, connection.id);
  await asked.promise;
  server.serve(
    '/changing',
    rss([
      { guid: '2', title: 'Two' },
      { guid: '1', title: 'One' },
    ]),
  );
  const busy = results(1);
  await syncPipeline(con.manager, connection.id, { notice: 'a change' });
  expect(await busy).toEqual([{ outcome: 'busy' }]);
  const after = results(2);
  release.resolve();
  expect(await first).toMatchObject([
    { outcome: 'busy' },
    { outcome: 'synced', created: 1 },
  ]);
  expect((await after)[1]).toMatchObject({ created: 1, unchanged: 1 });
  expect(await postsOf(con, connection)).toHaveLength(2);
});

test('schedule-tasks has what is due synced, by whichever process comes first, once', async () => {
  const con = database.dataSource;
  const connections = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      createConnection(
        con,
        server.serve(`/due/${index}`, rss([{ guid: '1', title: 'One' }])),
      ),
    ),
  );
  const synced = results(6);
  const context = { manager: con.manager };
  await createJob('schedule-tasks', { payload: {} }, context);
  await createJob('schedule-tasks', { payload: {} }, context);
  expect(await synced).toMatchObject(
    connections.map(() => ({ outcome: 'synced', created: 1 })),
  );
  for (const [index, connection] of connections.entries()) {
    expect(await postsOf(con, connection)).toHaveLength(1);
    expect(server.asked(`/due/${index}`)).toBe(1);
  }
});

test('a web page instead of a feed fails its job for good at the first attempt', async () => {
  const con = database.dataSource;
  const url = server.serve('/page', '<!doctype html><html></html>');
  const connection = await createConnection(con, url);
  const ended = results(1);
  const id = await syncPipeline(con.manager, connection.id);
  await ended;
  expect(await getJob(id, { manager: con.manager })).toMatchObject({
    state: 'failed',
    attempt: 1,
    error: expect.stringMatching(/lead to RSS, Atom, RDF or JSON Feed/),
  });
});
