import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SlotLostError } from '../../src/cdc/errors.ts';
import { recover } from '../../src/cdc/recovery/recover.ts';
import { readSlot, runOn } from '../../src/cdc/slot.ts';
import type { Streamer, StreamerOptions } from '../../src/cdc/streamer.ts';
import { freePort } from '../../src/local/ports.ts';
import {
  type PostgresServer,
  startPostgres,
} from '../../src/local/postgres.ts';
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

// The limit on the log that slots may keep is of the whole server, so these have one of their own.
let directory: string;
let server: PostgresServer;
let database: CaptureDatabase;
let broker: TestBroker;
let events: Received;
const started: Streamer[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'nightshift-slot-'));
  await chmod(directory, 0o755);
  server = await startPostgres({
    directory: join(directory, 'postgres'),
    port: await freePort(),
    settings: ['max_slot_wal_keep_size=1MB', 'fsync=off'],
  });
  process.env.TEST_POSTGRES_URL = `postgres://postgres@127.0.0.1:${server.port}`;
});
beforeEach(async () => {
  database = await createCaptureDatabase(infrastructureSql, []);
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
  const streamer = streamerOn(database, broker.address, [], { signals });
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
