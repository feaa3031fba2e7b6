import { readFile } from 'node:fs/promises';

import type { Message } from '@google-cloud/pubsub';

import {
  changesTopic,
  fixtureTables,
  statementsOf,
} from '../../debezium/script.ts';
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

/** Parses JSON without losing digits: integers that a number cannot hold become BigInt. */
const parseExactly = (text: string): unknown =>
  JSON.parse(text, ((
    _name: string,
    value: unknown,
    context: { source: string },
  ) =>
    typeof value === 'number' &&
    /^-?\d+$/.test(context.source) &&
    !Number.isSafeInteger(value)
      ? BigInt(context.source)
      : value) as (name: string, value: unknown) => unknown);

/** Columns of the script whose values are made by a clock or by chance. */
const isVolatile = (column: string): boolean =>
  /^created_at$|_generated$|_now$|_ct$|_clock$|^d_timestamptz_null$/.test(
    column,
  );

type Row = Record<string, unknown> | null;

/** What must be equal: everything but times, positions in the log, and transaction ids. */
const comparable = (text: string): unknown => {
  const { schema, payload } = parseExactly(text) as {
    schema: unknown;
    payload: { before: Row; after: Row; source: Record<string, unknown> };
  };
  const without = (row: Row, omit: (name: string) => boolean) =>
    row &&
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [
        name,
        omit(name) ? typeof value : value,
      ]),
    );
  const isTime = (name: string) => /^ts_(ms|us|ns)$/.test(name);
  return {
    schema,
    payload: {
      ...without(payload, isTime),
      before: without(payload.before, isVolatile),
      after: without(payload.after, isVolatile),
      source: without(
        payload.source,
        (name) => isTime(name) || /^(lsn|txId|sequence|db)$/.test(name),
      ),
    },
  };
};

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
  const streamer = streamerOn(database, broker.pubsub, fixtureTables);
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

  it('keys, attributes and envelopes of row changes', () => {
    const given = inKeyOrder(
      received[changesTopic]!.map((message) => givenOf(message, 'utf8')),
    );
    const expected = inKeyOrder(changes.map(expectedOf));
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
