import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import {
  SlotMissingError,
  UnsupportedTypeError,
} from '../../src/cdc/errors.ts';
import type { OutgoingMessage } from '../../src/cdc/outgoing-message.ts';
import { parseLsn } from '../../src/cdc/protocol/lsn.ts';
import { ensureSlot, readSlot, runOn } from '../../src/cdc/slot.ts';
import type { Streamer, StreamerOptions } from '../../src/cdc/streamer.ts';
import { until } from '../until.ts';
import {
  type CaptureDatabase,
  createCaptureDatabase,
  infrastructureSql,
  Signal,
  startBroker,
  streamerOn,
  type TestBroker,
} from './set-up.ts';

const tables = [
  { table: 'item', topic: 'changes' },
  { table: 'other', topic: 'other-changes' },
];
const schema = [
  `create table item (id int8 primary key, value text not null default '')`,
  'create table other (id int8 primary key)',
  'create table unrelated (id int8)',
  ...infrastructureSql,
];

let database: CaptureDatabase;
let broker: TestBroker;
const started: Streamer[] = [];

beforeEach(async () => {
  database = await createCaptureDatabase(schema, tables);
  broker = await startBroker();
});

afterEach(async () => {
  await Promise.all(started.splice(0).map((streamer) => streamer.stop()));
  await broker.stop();
  await database.drop();
});

const start = async (options: Partial<StreamerOptions> = {}) => {
  const streamer = streamerOn(database, broker.address, tables, options);
  started.push(streamer);
  await streamer.start();
  return streamer;
};

const insert = (id: number, value = '') =>
  database.client.query('insert into item values ($1, $2)', [id, value]);

const insertEvent = (
  orderingKey: string,
  payload: Buffer,
  { topic = 'events', type = 'event' } = {},
) =>
  database.client.query(
    `insert into outbox (id, topic, ordering_key, type, payload)
     values (gen_random_uuid(), $1, $2, $3, $4)`,
    [topic, orderingKey, type, payload],
  );

const currentLsn = async (position = 'pg_current_wal_lsn') => {
  const { rows } = await database.client.query<{ lsn: string }>(
    `select ${position}()::text as lsn`,
  );
  return parseLsn(rows[0]!.lsn);
};

const deadLetters = async () =>
  (
    await database.client.query<{
      source: string;
      topic: string;
      error: string;
      payload: Buffer;
    }>('select source, topic, error, payload from dead_letter')
  ).rows;

const idOf = (data: Buffer): number => {
  const { payload } = JSON.parse(data.toString()) as {
    payload: { after: { id: number } };
  };
  return payload.after.id;
};

const valueOf = (data: Buffer): string => {
  const { payload } = JSON.parse(data.toString()) as {
    payload: { after: { value: string } };
  };
  return payload.after.value;
};

it('sends the second of two adjacent commits again if only the first was acknowledged', async () => {
  const changes = await broker.listen('changes');
  const waiting = new Signal<string>();
  const first = await start({ signals: { onWaiting: waiting.fire } });
  await database.client.query(
    `insert into item values (1); insert into other values (1)`,
  );
  await changes.count(1);
  // The topic of the second commit does not exist yet.
  await waiting.until(({ length }) => length > 0);
  await first.stop();
  const others = await broker.listen('other-changes');
  await start();
  expect((await others.count(1)).map(({ data }) => idOf(data))).toEqual([1]);
});

it('loses nothing when it is killed again and again', async () => {
  const changes = await broker.listen('changes');
  const script = fileURLToPath(new URL('streamer-process.ts', import.meta.url));
  let next = 0;
  for (let round = 0; round < 3; round += 1) {
    const child = spawn(
      process.execPath,
      [
        '--import',
        'tsx/esm',
        script,
        database.url,
        database.slot,
        JSON.stringify(tables),
      ],
      { env: process.env, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    await once(child.stdout, 'data');
    const before = changes.messages.length;
    for (let count = 0; count < 200; count += 1) await insert((next += 1));
    await changes.count(before + 20);
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await start();
  const ids = () => new Set(changes.messages.map(({ data }) => idOf(data)));
  await changes.until(() => ids().size === next);
  expect([...ids()].sort((a, b) => a - b)).toEqual(
    Array.from({ length: next }, (_, index) => index + 1),
  );
});

it('waits for a slot that another process holds, and takes it over when it is free', async () => {
  const changes = await broker.listen('changes');
  const holder = await start();
  const waiting = new Signal<string>();
  const streaming = new Signal<void>();
  const second = await start({
    signals: { onWaiting: waiting.fire, onStreaming: streaming.fire },
  });
  expect(waiting.values[0]).toMatch(/is active for PID/);
  expect(second.status().state).toMatch(/waiting|connecting/);
  await holder.stop();
  await streaming.until(({ length }) => length > 0);
  await insert(1);
  await changes.count(1);
  expect(second.status()).toMatchObject({ state: 'streaming' });
});

it('goes on after the server has ended its connection', async () => {
  const changes = await broker.listen('changes');
  const streaming = new Signal<void>();
  await start({ signals: { onStreaming: streaming.fire } });
  await insert(1);
  await changes.count(1);
  await database.client.query(
    'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
    [database.slot],
  );
  await insert(2);
  await streaming.until(({ length }) => length > 1);
  await changes.until(() =>
    changes.messages.some(({ data }) => idOf(data) === 2),
  );
});

it('waits for a topic that does not exist, says so, and skips nothing', async () => {
  const waiting = new Signal<string>();
  const published = new Signal<OutgoingMessage>();
  const streamer = await start({
    signals: { onWaiting: waiting.fire, onPublished: published.fire },
  });
  await database.client.query(
    `insert into item values (1, 'a'); update item set value = 'b'; update item set value = 'c'`,
  );
  await waiting.until(({ length }) => length > 1);
  expect(streamer.status()).toMatchObject({
    state: 'waiting',
    reason: expect.stringContaining('changes'),
  });
  expect(published.values).toEqual([]);
  await broker.pubsub.createTopic('changes');
  await published.until(({ length }) => length === 3);
  expect(published.values.map(({ data }) => valueOf(data))).toEqual([
    'a',
    'b',
    'c',
  ]);
});

it('keeps the order of a key through an outage of the broker', async () => {
  const published = new Signal<OutgoingMessage>();
  await broker.pubsub.createTopic('changes');
  await start({ signals: { onPublished: published.fire } });
  await insert(1, '0');
  await published.until(({ length }) => length === 1);
  const { port } = broker.server;
  await broker.server.stop();
  for (let value = 1; value <= 20; value += 1)
    await database.client.query('update item set value = $1', [value]);
  await broker.restart(port);
  await broker.pubsub.createTopic('changes');
  await published.until(({ length }) => length === 21);
  expect(published.values.map(({ data }) => Number(valueOf(data)))).toEqual(
    Array.from({ length: 21 }, (_, index) => index),
  );
});

it('keeps the order of a key when one of its messages is refused in the middle', async () => {
  const events = await broker.listen('events');
  const buried = new Signal<void>();
  const streamer = await start({
    signals: { onDeadLetter: () => buried.fire() },
  });
  // An attribute may have 1,024 bytes at most.
  await database.client.query('begin');
  for (let index = 0; index < 30; index += 1)
    await insertEvent('key', Buffer.from(String(index)), {
      type: index === 7 || index === 20 ? 'x'.repeat(1_025) : 'event',
    });
  // The commit's own record is behind this position, and other databases of the server write, too.
  const inserted = await currentLsn('pg_current_wal_insert_lsn');
  await database.client.query('commit');
  await buried.until(({ length }) => length === 2);
  await events.until(() => events.messages.at(-1)?.data.toString() === '29');
  const first = [
    ...new Set(events.messages.map(({ data }) => data.toString())),
  ];
  expect(first).toEqual(
    Array.from({ length: 30 }, (_, index) => String(index)).filter(
      (text) => text !== '7' && text !== '20',
    ),
  );
  expect(
    (await deadLetters()).map(({ source, payload }) => [
      source,
      payload.toString(),
    ]),
  ).toEqual([
    ['outbox', '7'],
    ['outbox', '20'],
  ]);
  await streamer.stop();
  const slot = await readSlot(runOn(database.client), database.slot);
  expect(parseLsn(slot!.confirmedLsn!)).toBeGreaterThan(inserted);
});

it('puts a row that is too large on the desk and goes on', async () => {
  const changes = await broker.listen('changes');
  const buried = new Signal<void>();
  await start({ signals: { onDeadLetter: () => buried.fire() } });
  await insert(1, 'x'.repeat(10_000_001));
  await insert(2);
  await buried.until(({ length }) => length === 1);
  expect((await changes.count(1)).map(({ data }) => idOf(data))).toEqual([2]);
  expect(await deadLetters()).toEqual([
    expect.objectContaining({
      source: 'cdc',
      topic: 'changes',
      error: expect.stringContaining('MessageTooLargeError'),
    }),
  ]);
});

it('puts an event on the desk whose topic no request could name, and others go on', async () => {
  const events = await broker.listen('events');
  const buried = new Signal<void>();
  await start({ signals: { onDeadLetter: () => buried.fire() } });
  const topics = ['x'.repeat(20_000), 'with spaces', 'ünï/cödé', ''];
  for (const topic of topics)
    await database.client.query(
      `insert into outbox (id, topic, ordering_key, type, payload)
       values (gen_random_uuid(), $1, 'key', 'event', 'text')`,
      [topic],
    );
  await insertEvent('key', Buffer.from('fine'));
  await buried.until(({ length }) => length === topics.length);
  expect((await events.count(1)).map(({ data }) => data.toString())).toEqual([
    'fine',
  ]);
  expect((await deadLetters()).map(({ topic }) => topic).toSorted()).toEqual(
    topics.toSorted(),
  );
});

it('publishes nothing of a transaction or savepoint that was rolled back', async () => {
  const changes = await broker.listen('changes');
  await start();
  await database.client.query('begin; insert into item values (1); rollback');
  await database.client.query(
    'begin; insert into item values (2); savepoint s; insert into item values (3); rollback to s; commit',
  );
  await insert(4);
  expect((await changes.count(2)).map(({ data }) => idOf(data))).toEqual([
    2, 4,
  ]);
});

it('lets Postgres wait while the broker takes nothing of 30,000 rows, and never holds them in memory', async () => {
  const rows = 30_000;
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const used: number[] = [];
  const done = Promise.withResolvers<void>();
  let published = 0;
  await start({
    maxMessages: 500,
    signals: {
      onPublished: () => {
        published += 1;
        if (published === rows) done.resolve();
        if (published % 5_000 !== 0) return;
        collectGarbage();
        const { heapUsed, external } = process.memoryUsage();
        used.push(heapUsed + external);
      },
    },
  });
  await database.client.query(
    `insert into outbox (id, topic, ordering_key, type, payload)
     select gen_random_uuid(), 'events', 'key-' || n % 10, 'event', decode(repeat('ab', 2000), 'hex')
     from generate_series(1, ${rows}) n`,
  );
  // Its sender stands: nobody reads the socket any more.
  await until(async () => {
    const { rows: senders } = await database.client.query<{ waits: boolean }>(
      `select a.wait_event = 'WalSenderWriteData' as waits from pg_replication_slots s
         join pg_stat_activity a on a.pid = s.active_pid where s.slot_name = $1`,
      [database.slot],
    );
    return senders[0]?.waits === true;
  });
  expect(published).toBe(0);
  await broker.pubsub.createTopic('events');
  await done.promise;
  // 50 MB of payloads went through after the first sample, three times that with their text. The
  // broker in this process and buffers on their way to being freed make up for some of what is seen.
  const [first, ...others] = used;
  expect(Math.max(...others) - first!).toBeLessThan(120e6);
});

it('confirms the position of the log while nothing that is captured changes', async () => {
  const confirmed = new Signal<string>();
  await start({ signals: { onConfirmed: confirmed.fire } });
  await database.client.query(
    'insert into unrelated select generate_series(1, 1000)',
  );
  const written = await currentLsn();
  await confirmed.until((lsns) => lsns.some((lsn) => parseLsn(lsn) >= written));
});

it('publishes what is under way before it stops, and confirms it', async () => {
  const changes = await broker.listen('changes');
  const streamer = await start();
  await insert(1);
  await changes.count(1);
  await streamer.stop();
  expect(streamer.status()).toMatchObject({ state: 'stopped' });
  const second = await start();
  await insert(2);
  await changes.count(2);
  await second.stop();
  expect(changes.messages.map(({ data }) => idOf(data))).toEqual([1, 2]);
});

it('does not start without a slot, and never makes one', async () => {
  const run = runOn(database.client);
  const nowhere = { slot: `${database.slot}_missing` };
  await expect(start(nowhere)).rejects.toThrow(SlotMissingError);
  await expect(readSlot(run, nowhere.slot)).resolves.toBeUndefined();
});

it('does not start with a column whose envelopes are not known', async () => {
  await database.client.query('alter table other add column place circle');
  await expect(start()).rejects.toThrow(UnsupportedTypeError);
});

it('makes the slot once, however often it is asked to', async () => {
  await expect(ensureSlot(database.client, database.slot)).resolves.toBe(false);
});

it('takes a new column up in the middle of the stream', async () => {
  const changes = await broker.listen('changes');
  await start();
  await insert(1);
  await database.client.query('alter table item add column note text');
  await database.client.query(`insert into item values (2, 'b', 'new')`);
  const [, second] = await changes.count(2);
  expect(JSON.parse(second!.data.toString())).toMatchObject({
    payload: { after: { id: 2, value: 'b', note: 'new' } },
  });
});
