import type { Message } from '@google-cloud/pubsub';

import { TableNotPublishedError } from '../../src/cdc/errors.ts';
import type { Streamer, StreamerOptions } from '../../src/cdc/streamer.ts';
import {
  type CaptureDatabase,
  createCaptureDatabase,
  infrastructureSql,
  type Received,
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
  `create type mood as enum ('fine')`,
  `create table item (id int8 primary key, value text, mood mood, amount numeric)`,
  'create table other (id int8 primary key)',
  ...infrastructureSql,
];

let database: CaptureDatabase;
let broker: TestBroker;
let changes: Received;
const started: Streamer[] = [];

beforeEach(async () => {
  database = await createCaptureDatabase(schema, tables);
  broker = await startBroker();
  changes = await broker.listen('changes');
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
};

interface Envelope {
  readonly schema: {
    readonly fields: readonly {
      readonly field: string;
      readonly fields?: readonly {
        readonly field: string;
        readonly type: string;
        readonly parameters?: { readonly allowed: string };
      }[];
    }[];
  };
  readonly payload: {
    readonly op: string;
    readonly after: Readonly<Record<string, unknown>> | null;
  };
}

const envelopeOf = ({ data }: Message) =>
  JSON.parse(data.toString()) as Envelope;
const rowOf = (message: Message) => envelopeOf(message).payload.after;

/** The columns of `after`, by name. */
const columnsOf = (message: Message) =>
  new Map(
    envelopeOf(message)
      .schema.fields.find(({ field }) => field === 'after')!
      .fields!.map((column) => [column.field, column]),
  );

/** Every kind of change to the table, with a row after each. */
const alterations = [
  `alter table item add column note text; insert into item (id, note) values (1, 'new')`,
  `alter table item rename column value to label; insert into item (id, label) values (2, 'renamed')`,
  `alter table item alter column amount type int8; insert into item (id, amount) values (3, 7)`,
  `alter type mood add value 'great'`,
  `insert into item (id, mood) values (4, 'great')`,
  `alter table item drop column note; insert into item (id) values (5)`,
  `alter table item drop constraint item_pkey, add column part int8 not null default 0, add primary key (id, part);
   insert into item (id, label) values (6, 'key')`,
];

/** What the streamer knows of the table may be newer than a row, as with Debezium; the rows themselves are not. */
const expectRows = async () => {
  const messages = await changes.count(6);
  expect(messages.map(rowOf)).toEqual([
    { id: 1, value: null, mood: null, amount: null, note: 'new' },
    { id: 2, label: 'renamed', mood: null, amount: null, note: null },
    { id: 3, label: null, mood: null, amount: 7, note: null },
    { id: 4, label: null, mood: 'great', amount: null, note: null },
    expect.objectContaining({ id: 5, mood: null, amount: null }),
    { id: 6, label: 'key', mood: null, amount: null, part: 0 },
  ]);
  return messages;
};

it('follows columns that are added, renamed, dropped and of another type, enum labels and another key, as they come', async () => {
  const published = new Signal<unknown>();
  await start({ signals: { onPublished: published.fire } });
  let rows = 0;
  for (const statements of alterations) {
    await database.client.query(statements);
    if (statements.includes('insert')) rows += 1;
    await published.until(({ length }) => length === rows);
  }
  const messages = await expectRows();
  expect(columnsOf(messages[2]!).get('amount')!.type).toBe('int64');
  expect(columnsOf(messages[3]!).get('mood')!.parameters!.allowed).toBe(
    'fine,great',
  );
  expect(messages.map(({ orderingKey }) => orderingKey)).toEqual([
    ...[1, 2, 3, 4, 5].map(
      (id) =>
        `{"id":${id},"__dbz__physicalTableIdentifier":"nightshift.public.item"}`,
    ),
    '{"id":6,"part":0,"__dbz__physicalTableIdentifier":"nightshift.public.item"}',
  ]);
});

it('publishes the rows of before, between and after changes of the schema that it reads late', async () => {
  for (const statements of alterations) await database.client.query(statements);
  await start();
  await changes.count(6);
  expect(
    changes.messages
      .map((message) => rowOf(message)?.['id'])
      .toSorted((one, other) => Number(one) - Number(other)),
  ).toEqual([1, 2, 3, 4, 5, 6]);
});

it('publishes rows, without the column, of before its type was dropped with it, which it reads late', async () => {
  await database.client.query(
    `insert into item (id, value, mood) values (1, 'before', 'fine');
     alter table item drop column mood; drop type mood;
     insert into item (id, value) values (2, 'after')`,
  );
  await start();
  const messages = await changes.count(2);
  expect(messages.map(rowOf)).toEqual([
    { id: 1, value: 'before', amount: null },
    { id: 2, value: 'after', amount: null },
  ]);
  expect(columnsOf(messages[0]!).has('mood')).toBe(false);
});

it('publishes every row of a COPY that it is interrupted in the middle of', async () => {
  const others = await broker.listen('other-changes');
  const published = new Signal<unknown>();
  await start({ maxMessages: 50, signals: { onPublished: published.fire } });
  // The rows of a COPY share positions in the log.
  await database.client.query(`copy other from program 'seq 500'`);
  await published.until(({ length }) => length >= 50);
  // Ended, and not drained: what is under way is given up.
  await database.client.query(
    'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
    [database.slot],
  );
  await started.pop()!.stop();
  const before = published.values.length;
  await start();
  const ids = () => new Set(others.messages.map((each) => rowOf(each)?.['id']));
  await others.until(() => ids().size === 500);
  expect(before).toBeLessThan(500);
});

it('goes on with the other topics while one takes no messages', async () => {
  const waiting = new Signal<string>();
  await start({ signals: { onWaiting: waiting.fire } });
  await database.client.query('insert into other values (1)');
  await waiting.until(({ length }) => length > 0);
  await database.client.query('insert into item (id) values (1), (2)');
  expect((await changes.count(2)).map((each) => rowOf(each)?.['id'])).toEqual([
    1, 2,
  ]);
});

it('puts a row whose value no envelope can hold on the desk, and skips no other', async () => {
  const buried = new Signal<void>();
  await start({ signals: { onDeadLetter: () => buried.fire() } });
  await database.client.query(
    `insert into item (id, amount) values (1, 1), (2, 'NaN'), (3, 3)`,
  );
  await buried.until(({ length }) => length === 1);
  expect((await changes.count(2)).map((each) => rowOf(each)?.['id'])).toEqual([
    1, 3,
  ]);
  const { rows } = await database.client.query<{
    payload: Buffer;
    error: string;
  }>('select payload, error from dead_letter');
  expect(rows).toHaveLength(1);
  expect(rows[0]!.error).toContain('UndecodableValueError');
  expect(JSON.parse(rows[0]!.payload.toString())).toMatchObject({
    after: { id: '2', amount: 'NaN' },
  });
});

it('says nothing of a truncate, and goes on', async () => {
  await start();
  await database.client.query('insert into item (id) values (1)');
  await database.client.query('truncate item');
  await database.client.query('insert into item (id) values (2)');
  expect(
    (await changes.count(2)).map((each) => envelopeOf(each).payload.op),
  ).toEqual(['c', 'c']);
});

it('refuses to begin again, with what to do, once a table is out of the publication', async () => {
  const waiting = new Signal<string>();
  await start({ signals: { onWaiting: waiting.fire } });
  await database.client.query('alter publication nightshift drop table other');
  await database.client.query(
    'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1',
    [database.slot],
  );
  await waiting.until((reasons) =>
    reasons.some((reason) => reason.includes('alter publication')),
  );
  expect(started[0]!.status()).toMatchObject({ state: 'failed' });
  expect(new TableNotPublishedError('nightshift', 'other').message).toBe(
    started[0]!.status().reason,
  );
  await database.client.query('alter publication nightshift add table other');
  await database.client.query('insert into item (id) values (1)');
  await changes.count(1);
});
