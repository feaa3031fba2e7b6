import { readFile } from 'node:fs/promises';

import { declaredVersion } from '../../debezium/distribution.ts';
import {
  engineProperties,
  parseProperties,
} from '../../debezium/properties.ts';
import { debeziumVersion } from '../../src/cdc/envelope/source.ts';
import {
  capturedTables,
  heartbeatTopic,
  outboxTable,
  publicationName,
  slotName,
  sourceName,
} from '../../src/cdc/tables.ts';

const read = async (file: string) =>
  parseProperties(await readFile(new URL(file, import.meta.url), 'utf8'));
const local = () => read('../../debezium/application.properties');
const production = () => read('../../.infra/application.properties');
const settings = async () => engineProperties(await local());

it("Debezium's routers send every captured table where the streamer does", async () => {
  const properties = await settings();
  const routers = properties
    .get('transforms')!
    .split(',')
    .filter((name) => name !== 'outbox')
    .map((name) => ({
      pattern: properties.get(`transforms.${name}.topic.regex`)!,
      topic: properties.get(`transforms.${name}.topic.replacement`)!,
    }));
  // The router asks whether the whole name matches, but replaces the first match inside of it.
  const route = (from: string) =>
    routers.reduce(
      (topic, router) =>
        new RegExp(`^(?:${router.pattern})$`).test(topic)
          ? topic.replace(new RegExp(router.pattern), router.topic)
          : topic,
      from,
    );
  for (const { table, topic } of capturedTables)
    expect(route(`${sourceName}.public.${table}`)).toBe(topic);
  for (const table of [outboxTable, 'source', 'inbox'])
    expect(route(`${sourceName}.public.${table}`)).toBe(
      `${sourceName}.public.${table}`,
    );
});

it('Debezium reads the same slot and publication under the same name, and makes neither', async () => {
  expect(Object.fromEntries(await settings())).toMatchObject({
    'topic.prefix': sourceName,
    'slot.name': slotName,
    'publication.name': publicationName,
    'publication.autocreate.mode': 'disabled',
    'snapshot.mode': 'no_data',
  });
});

it('production and the local stack differ in how the Server is reached, logs, and reaches others, and in nothing else', async () => {
  const [ours, theirs] = await Promise.all([local(), production()]);
  const names = new Set([...ours.keys(), ...theirs.keys()]);
  const differences = [...names].filter(
    (name) => ours.get(name) !== theirs.get(name),
  );
  expect(differences.sort()).toEqual([
    'debezium.sink.pubsub.address',
    'debezium.source.database.sslmode',
    'debezium.source.offset.storage.jdbc.connection.url',
    'quarkus.http.host',
    'quarkus.http.port',
    'quarkus.log.console.json.enabled',
  ]);
  expect(theirs.get('debezium.sink.pubsub.address')).toBeUndefined();
  expect(theirs.get('debezium.source.database.sslmode')).toBe('require');
  expect(
    theirs.get('debezium.source.offset.storage.jdbc.connection.url'),
  ).toMatch(/\?sslmode=require$/);
});

it('Debezium is told of every captured table and the outbox, and of no other', async () => {
  const tables = [...capturedTables.map(({ table }) => table), outboxTable];
  expect((await settings()).get('table.include.list')).toBe(
    tables.map((table) => `public.${table}`).join(','),
  );
});

it('no setting is left to a default that loses or changes something', async () => {
  expect(Object.fromEntries(await local())).toMatchObject({
    'debezium.source.plugin.name': 'pgoutput',
    'debezium.source.tombstones.on.delete': 'false',
    'debezium.source.event.converting.failure.handling.mode': 'fail',
    'debezium.source.extended.headers.enabled': 'false',
    'debezium.source.skip.messages.without.change': 'true',
    'debezium.source.offset.storage':
      'io.debezium.storage.jdbc.offset.JdbcOffsetBackingStore',
    'debezium.source.offset.flush.interval.ms': '0',
    'debezium.source.offset.mismatch.strategy': 'trust_offset',
    'debezium.source.message.prefix.exclude.list': 'nightshift-heartbeat',
    'debezium.format.key.schemas.enable': 'false',
    'debezium.format.value': 'binary',
    'debezium.format.header.class':
      'org.apache.kafka.connect.storage.StringConverter',
    'debezium.sink.pubsub.ordering.enabled': 'true',
    'debezium.sink.pubsub.wait.message.delivery.timeout.ms': '90000',
  });
});

it('the heartbeat goes to the topic that is made for it', async () => {
  const properties = await settings();
  expect(
    `${properties.get('topic.heartbeat.prefix')}.${properties.get('topic.prefix')}`,
  ).toBe(heartbeatTopic);
  expect(properties.get('heartbeat.action.query')).toContain(
    `'${properties.get('message.prefix.exclude.list')}'`,
  );
});

it('the recorded heartbeat came to its topic, under a key that no row has', async () => {
  const recorded = JSON.parse(
    await readFile(
      new URL('../fixture/debezium/heartbeat.json', import.meta.url),
      'utf8',
    ),
  ) as { topic: string; key: string; headers: object; value: string };
  expect(recorded).toMatchObject({
    topic: heartbeatTopic,
    key: `{"serverName":"${sourceName}"}`,
    headers: {},
  });
  expect(JSON.parse(recorded.value)).toMatchObject({
    schema: { name: 'io.debezium.connector.common.Heartbeat', version: 1 },
  });
});

it('the recorded envelopes are of the version that is run, and that the streamer names', async () => {
  expect(debeziumVersion).toBe(await declaredVersion());
});
