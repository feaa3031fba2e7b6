import { readFile } from 'node:fs/promises';

import {
  engineProperties,
  parseProperties,
} from '../../debezium/properties.ts';
import {
  capturedTables,
  outboxTable,
  publicationName,
  slotName,
  sourceName,
} from '../../src/cdc/tables.ts';

const settings = async () =>
  engineProperties(
    parseProperties(
      await readFile(
        new URL('../../debezium/application.properties', import.meta.url),
        'utf8',
      ),
    ),
  );

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
