import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import pg from 'pg';

import { SlotLostError } from '../../src/cdc/errors.ts';
import { recover } from '../../src/cdc/recovery/recover.ts';
import { readSlot, runOn } from '../../src/cdc/slot.ts';
import type { Streamer, StreamerOptions } from '../../src/cdc/streamer.ts';
import { freePort } from '../../src/local/ports.ts';
import {
  type PostgresServer,
  startPostgres,
} from '../../src/local/postgres.ts';
import { until } from '../e2e/nightshift.ts';
import {
  type CaptureDatabase,
  createCaptureDatabase,
  infrastructureSql,
  logger,
  type Received,
  Signal,
  startBroker,
  streamerOn,
  type TestBroker,
} from './set-up.ts';
import { scratchDirectory } from '../setup/scratch-directory.ts';

// What slots may keep of the log and whom commits wait for is said for the whole server, so these have one of their own.
const tables = [{ table: 'item', topic: 'changes' }];
let directory: string;
let server: PostgresServer;
let database: CaptureDatabase;
let broker: TestBroker;
let events: Received;
const started: Streamer[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(await scratchDirectory(), 'nightshift-slot-'));
  await chmod(directory, 0o755);
  server = await startPostgres({
    directory: join(directory, 'postgres'),
    port: await freePort(),
    settings: [
      'fsync=off',
      'max_slot_wal_keep_size=1MB',
      // Who sets synchronous_commit to on waits for a standby that never comes.
      'synchronous_standby_names=absent',
      'synchronous_commit=local',
    ],
  });
  process.env.TEST_POSTGRES_URL = `postgres://postgres@127.0.0.1:${server.port}`;
});
beforeEach(async () => {
  database = await createCaptureDatabase(
    ['create table item (id int8 primary key)', ...infrastructureSql],
    tables,
  );
  broker = await startBroker();
  events = await broker.listen('events');
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((streamer) => streamer.stop()));
  await broker.stop();
  await database.drop();
});
afterAll(async () => {
  await server.stop();
  await rm(directory, { recursive: true, force: true });
});

const start = async (signals: StreamerOptions['signals'] = {}) => {
  const streamer = streamerOn(database, broker.address, tables, { signals });
  started.push(streamer);
  await streamer.start();
  return streamer;
};

/** @returns their ids. */
const commit = async (count: number, topic = 'events'): Promise<string[]> => {
  const { rows } = await database.client.query<{ id: string }>(
    `insert into outbox (id, topic, ordering_key, type, payload)
     select gen_random_uuid(), $2, 'key', $2, '{}' from generate_series(1, $1::int) returning id`,
    [count, topic],
  );
  return rows.map(({ id }) => id);
};

/** Writes more log than a slot may keep, and has Postgres look. */
const outgrow = async (): Promise<void> => {
  for (let segment = 0; segment < 3; segment += 1) {
    await database.client.query(
      `select pg_logical_emit_message(false, '', '')`,
    );
    await database.client.query('select pg_switch_wal()');
  }
  await database.client.query('checkpoint');
};

const recovered = () =>
  recover({
    databaseUrl: database.url,
    slot: database.slot,
    pubsub: broker.address,
    logger,
    signal: new AbortController().signal,
  });

const received = () =>
  new Set(events.messages.map(({ attributes }) => attributes['id']));
const walStatus = async () =>
  (await readSlot(runOn(database.client), database.slot))?.walStatus;

test('a slot that lost its log is refused, recovered, and streams on', async () => {
  const first = await start();
  const before = await commit(5);
  await events.count(5);
  await first.stop();
  const unseen = await commit(5);
  await outgrow();
  expect(await walStatus()).toBe('lost');
  await expect(start()).rejects.toThrow(SlotLostError);
  expect(await recovered()).toMatchObject({ events: 10 });
  await start();
  const after = await commit(5);
  await events.until(() => after.every((id) => received().has(id)));
  expect(received()).toEqual(new Set([...before, ...unseen, ...after]));
});

test('a streamer whose slot loses its log under it says so, and goes on after the recovery by itself', async () => {
  const waiting = new Signal<string>();
  const streamer = await start({ onWaiting: waiting.fire });
  const stuck = await commit(5, 'missing');
  const behind = await commit(5);
  await events.count(5);
  await waiting.until((reasons) =>
    reasons.some((each) => /missing/.test(each)),
  );
  await outgrow();
  await waiting.until((reasons) =>
    reasons.some((each) => /has invalidated it/.test(each)),
  );
  expect(streamer.status()).toMatchObject({
    state: 'failed',
    reason: expect.stringContaining('nightshift cdc recover'),
  });
  const missing = await broker.listen('missing');
  expect(await recovered()).toMatchObject({ events: 10 });
  const after = await commit(5);
  await events.until(() => after.every((id) => received().has(id)));
  await missing.until(() => missing.messages.length >= 5);
  expect(received()).toEqual(new Set([...behind, ...after]));
  expect(
    new Set(missing.messages.map(({ attributes }) => attributes['id'])),
  ).toEqual(new Set(stuck));
});

/** Whether a backend of this database does what the condition says. */
const backend = async (
  condition: string,
  ...values: readonly unknown[]
): Promise<boolean> => {
  const { rowCount } = await database.client.query(
    `select from pg_stat_activity where datname = current_database() and ${condition}`,
    [...values],
  );
  return rowCount === 1;
};

/** Gives the table another key and a row, in a commit that is in the log and waits for the standby. */
const commitUnseen = async () => {
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query('set synchronous_commit = on');
  const { rows } = await client.query<{ pid: number }>(
    'select pg_backend_pid() as pid',
  );
  const { pid } = rows[0]!;
  const committed = client.query(
    `alter table item drop constraint item_pkey, add column part int8 not null default 7, add primary key (id, part);
     insert into item (id) values (2)`,
  );
  await until(() => backend(`pid = $1 and wait_event = 'SyncRep'`, pid));
  return {
    /** Has it wait no longer, so that others see it. */
    show: async () => {
      await database.client.query('select pg_cancel_backend($1)', [pid]);
      await committed;
      await client.end();
    },
  };
};

/** Whether the streamer looks for the end of a commit. */
const isLooking = () =>
  backend(
    `application_name = 'nightshift cdc catalog' and query like '%pg_locks%'`,
  );

test('a row whose transaction others cannot see yet gets the key that its transaction has made', async () => {
  const changes = await broker.listen('changes');
  await start();
  await database.client.query('insert into item (id) values (1)');
  await changes.count(1);
  const commit = await commitUnseen();
  await until(isLooking);
  await commit.show();
  const messages = await changes.count(2);
  expect(messages.map(({ orderingKey }) => orderingKey)).toEqual([
    '{"id":1,"__dbz__physicalTableIdentifier":"nightshift.public.item"}',
    '{"id":2,"part":7,"__dbz__physicalTableIdentifier":"nightshift.public.item"}',
  ]);
});

test('a streamer stops in time while it waits to see a transaction', async () => {
  const changes = await broker.listen('changes');
  const streamer = await start();
  const commit = await commitUnseen();
  await until(isLooking);
  await streamer.stop();
  expect(changes.messages).toHaveLength(0);
  await commit.show();
  await start();
  await changes.count(1);
});
