import { readFile } from 'node:fs/promises';

import type { Message } from '@google-cloud/pubsub';
import pg from 'pg';

import {
  changesTopic,
  fixtureTables,
  statementsOf,
} from '../../debezium/script.ts';
import { testServerUrl } from '../setup/database.ts';
import {
  createCaptureDatabase,
  deskAndRecoverySql,
  type Received,
  startBroker,
  streamerOn,
} from './set-up.ts';

/** A message as Debezium published it; `npx pnpm debezium:record` records it again. */
interface Recorded {
  readonly topic: string;
  readonly key: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly value: string;
}

const recorded = async (file: string): Promise<Recorded[]> =>
  JSON.parse(
    await readFile(
      new URL(`../fixture/debezium/${file}`, import.meta.url),
      'utf8',
    ),
  ) as Recorded[];

/** Columns of the script whose values are made by a clock or by chance, in rows. */
const volatileColumns =
  /"(created_at|\w+_generated|\w+_now|\w+_ct|\w+_clock|d_timestamptz_null)":("[^"]*"|\d+)/g;
const times = /"(ts_ms|ts_us|ts_ns)":\d+/g;
const positions = /"(lsn|txId)":\d+/g;
const sequence = /"sequence":"\[(?:null|\\"\d+\\"),\\"\d+\\"\]"/g;
const database = /"db":"[^"]*"/g;

/**
 * What must be equal to the byte: everything but times, positions in the log, transaction ids, and
 * the name of the database. It is compared as text, so that no digit is lost.
 */
const comparable = (text: string): string =>
  text
    .replace(
      volatileColumns,
      (_match, name, value: string) =>
        `"${name}":${value.startsWith('"') ? '"?"' : 0}`,
    )
    .replace(times, '"$1":0')
    .replace(positions, '"$1":0')
    .replace(sequence, '"sequence":"?"')
    .replace(database, '"db":"?"');

const inKeyOrder = <Value extends { key: string }>(values: Value[]): Value[] =>
  values.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));

/** As Debezium's sink for Pub/Sub sends it: a null key is `default`. */
const expectedOf = ({ key, headers, value }: Recorded) => ({
  key: key ?? 'default',
  attributes: headers,
  value,
});

const givenOf = (message: Message, encoding: 'utf8' | 'base64') => ({
  key: message.orderingKey ?? '',
  attributes: message.attributes,
  value: message.data.toString(encoding),
});

/** Runs the recorded script through the streamer. */
const stream = async (topics: Readonly<Record<string, number>>) => {
  const schema = [...(await statementsOf('schema.sql')), ...deskAndRecoverySql];
  const database = await createCaptureDatabase(schema, fixtureTables);
  const broker = await startBroker();
  const streamer = streamerOn(database, broker.address, fixtureTables);
  try {
    const received: Record<string, Received> = {};
    for (const topic of Object.keys(topics))
      received[topic] = await broker.listen(topic);
    for (const statement of await statementsOf('identity.sql'))
      await database.client.query(statement);
    await streamer.start();
    for (const statement of await statementsOf('changes.sql'))
      await database.client.query(statement);
    for (const [topic, count] of Object.entries(topics))
      await received[topic]!.count(count);
    return Object.fromEntries(
      Object.entries(received).map(([topic, { messages }]) => [
        topic,
        messages,
      ]),
    );
  } finally {
    await streamer.stop();
    await broker.stop();
    await database.drop();
  }
};

const serverPublishesGenerated = async (): Promise<boolean> => {
  const client = new pg.Client({ connectionString: testServerUrl() });
  await client.connect();
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int as version`,
  );
  await client.end();
  return rows[0]!.version >= 180_000;
};

describe('the streamer publishes what Debezium publishes', () => {
  let changes: Recorded[];
  let events: Recorded[];
  let received: Readonly<Record<string, readonly Message[]>>;

  beforeAll(async () => {
    changes = await recorded('row-changes.json');
    events = await recorded('events.json');
    const count = (topic: string) =>
      events.filter((event) => event.topic === topic).length;
    const topics = [...new Set(events.map(({ topic }) => topic))];
    received = await stream({
      [changesTopic]: changes.length,
      ...Object.fromEntries(topics.map((topic) => [topic, count(topic)])),
    });
  });

  it('keys, attributes and envelopes of row changes', async () => {
    // Recorded on Postgres 18; before it no generated column is published.
    const publishesGenerated = await serverPublishesGenerated();
    const isComparable = ({ key }: { readonly key: string }) =>
      publishesGenerated || !key.includes('nightshift.public.generated"');
    const given = inKeyOrder(
      received[changesTopic]!.map((message) => givenOf(message, 'utf8')).filter(
        isComparable,
      ),
    );
    const expected = inKeyOrder(changes.map(expectedOf).filter(isComparable));
    expect(given).toHaveLength(expected.length);
    for (const [index, message] of expected.entries())
      expect({
        ...given[index],
        value: comparable(given[index]!.value),
      }).toEqual({ ...message, value: comparable(message.value) });
  });

  it('keys, attributes and bytes of events in the outbox', () => {
    for (const topic of new Set(events.map((event) => event.topic)))
      expect(
        received[topic]!.map((message) => givenOf(message, 'base64')),
      ).toEqual(
        events.filter((event) => event.topic === topic).map(expectedOf),
      );
  });

  it('leaves attributes out for which a row of the outbox has null', () => {
    const [message] = received['gondul.v1.thing']!;
    expect(Object.keys(message!.attributes)).toEqual(['id', 'eventType']);
  });
});
